"""Driver: compiled statements on asyncpg's own connections, which lie in SQLAlchemy's pool."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol, cast, override

from sqlalchemy.engine import Connection
from sqlalchemy.util import greenlet_spawn

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.sqlalchemy.compiled import Compiled, CopyTarget, Row, Statement, processed
from fastapi_chassis.plugins.sqlalchemy.dialects import BulkWrite
from fastapi_chassis.plugins.sqlalchemy.errors import sqlstate_of
from fastapi_chassis.plugins.sqlalchemy.executor import Executor, Reader
from fastapi_chassis.plugins.sqlalchemy.pool import give_back, give_up, lend

COPIED = 100  # rows from which on COPY is quicker than an INSERT
_COPY_IS_REFUSED = "0A000"  # as on a table with row-level security


class DriverConnection(Protocol):
    """What is used of asyncpg's connection."""

    async def fetch(self, query: str, *arguments: object) -> Sequence[Row]:
        """Returns all rows."""
        ...

    async def execute(self, query: str, *arguments: object) -> str:
        """Returns what was done and, as the last word, to how many rows."""
        ...

    async def copy_records_to_table(
        self, table_name: str, *, records: object, columns: Sequence[str], schema_name: str | None
    ) -> str:
        """Writes rows by COPY."""
        ...

    def is_in_transaction(self) -> bool:
        """Whether the server said so last."""
        ...

    def is_closed(self) -> bool:
        """Whether it is of no use any more."""
        ...


class DriverReader(Reader):
    """Reads on the driver; each question is one round trip."""

    @override
    async def fetch(self, statement: Statement, parameters: Mapping[str, object]) -> Sequence[Row]:
        compiled = statement.compiled
        if compiled is None:
            return await super().fetch(statement, parameters)
        arguments = compiled.arguments(parameters)
        pool = self._engine.pool
        lent = await lend(pool)
        try:
            records = await cast("DriverConnection", lent.driver_connection).fetch(compiled.text, *arguments)
        except (TimeoutError, asyncio.CancelledError) as error:
            await give_up(lent, error)
            raise
        except BaseException:
            await give_back(lent, pool)
            raise
        await give_back(lent, pool)
        return compiled.rows(records)


class DriverExecutor(Executor):
    """A transaction on the driver, whose connection SQLAlchemy Core may use as well.

    Args:
        connection: in autocommit, so that SQLAlchemy begins nothing by itself.
        opening: what begins the transaction.
    """

    def __init__(self, connection: Connection, opening: str) -> None:
        super().__init__(connection)
        self._driver = cast("DriverConnection", connection.connection.driver_connection)
        self._opening = opening
        self._is_lost = False

    @override
    async def begin(self) -> None:
        await self._ask(self._driver.execute(self._opening))

    @override
    async def fetch(self, statement: Statement, parameters: Mapping[str, object]) -> Sequence[Row]:
        compiled = statement.compiled
        if compiled is None:
            return await super().fetch(statement, parameters)
        records = await self._ask(self._driver.fetch(compiled.text, *compiled.arguments(parameters)))
        return compiled.rows(records)

    @override
    async def execute(self, statement: Statement, parameters: Mapping[str, object]) -> int:
        compiled = statement.compiled
        if compiled is None:
            return await super().execute(statement, parameters)
        return await self._execute(compiled, parameters)

    @override
    async def write(self, bulk: BulkWrite, rows: Sequence[Row]) -> None:
        compiled = bulk.statement.compiled
        if compiled is None:
            await super().write(bulk, rows)
        elif bulk.copy is None or len(rows) < COPIED or not await self._copied(bulk.copy, rows):
            for parameters in bulk.parameters(rows):
                await self._execute(compiled, parameters)

    @override
    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        await self._ask(self._driver.execute("SAVEPOINT chassis"))
        try:
            yield
        except Exception:
            if not (self._is_lost or self._driver.is_closed()):
                await self._ask(self._driver.execute("ROLLBACK TO chassis; RELEASE chassis"))
            raise
        await self._ask(self._driver.execute("RELEASE chassis"))

    @override
    async def commit(self) -> None:
        if await self._ask(self._driver.execute("COMMIT")) != "COMMIT":
            raise UnavailableException("the transaction had failed, so nothing was stored", retry_after=1)

    @override
    async def close(self) -> None:
        try:
            await self._roll_back()
        finally:
            if self._is_lost:
                await greenlet_spawn(self._connection.invalidate)
            await super().close()

    async def _roll_back(self) -> None:
        if self._connection.invalidated or self._is_lost or self._driver.is_closed():
            return
        if self._driver.is_in_transaction():
            await self._ask(self._driver.execute("ROLLBACK"))

    async def _execute(self, compiled: Compiled, parameters: Mapping[str, object]) -> int:
        done = await self._ask(self._driver.execute(compiled.text, *compiled.arguments(parameters)))
        return int(done.rpartition(" ")[2])

    async def _copied(self, target: CopyTarget, rows: Sequence[Row]) -> bool:
        """Writes rows by COPY, where the table allows that."""
        records = processed(rows, target.values) if target.values else rows
        try:
            async with self.savepoint():
                await self._ask(
                    self._driver.copy_records_to_table(
                        target.table, records=records, columns=target.columns, schema_name=target.schema
                    )
                )
        except Exception as error:
            if sqlstate_of(error) == _COPY_IS_REFUSED:
                return False
            raise
        return True

    async def _ask[Answer](self, answer: Awaitable[Answer]) -> Answer:
        try:
            return await answer
        except (TimeoutError, asyncio.CancelledError):
            self._is_lost = True  # who knows what the server still does
            raise
