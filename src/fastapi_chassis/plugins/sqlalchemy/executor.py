"""Executors: statements on one connection, by SQLAlchemy; a driver that is faster overrides what it can."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.util import greenlet_spawn

from fastapi_chassis.plugins.sqlalchemy.compiled import Row, Statement
from fastapi_chassis.plugins.sqlalchemy.dialects import BulkWrite

type Work[Result] = Callable[[Connection], Result]


class Reader:
    """Reads in autocommit, each time on a connection that goes back at once.

    Args:
        engine: whose connections begin no transaction.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def fetch(self, statement: Statement, parameters: Mapping[str, object]) -> Sequence[Row]:
        """Returns all rows of a question."""
        return await self.run(lambda connection: connection.execute(statement.element, parameters).fetchall())

    async def run[Result](self, work: Work[Result]) -> Result:
        """Runs work of SQLAlchemy Core that changes nothing."""

        def on_own_connection() -> Result:
            with self._engine.connect() as connection:
                return run(connection, work)

        return await greenlet_spawn(on_own_connection)


class Executor:
    """One transaction on one connection; not for two tasks at a time.

    Args:
        connection: its first statement begins the transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def begin(self) -> None:
        """Begins the transaction."""

    async def fetch(self, statement: Statement, parameters: Mapping[str, object]) -> Sequence[Row]:
        """Returns all rows of a statement."""
        return await self.run(lambda connection: connection.execute(statement.element, parameters).fetchall())

    async def execute(self, statement: Statement, parameters: Mapping[str, object]) -> int:
        """Executes a statement that returns no rows, and tells how many it changed."""
        return await self.run(lambda connection: connection.execute(statement.element, parameters).rowcount)

    async def write(self, bulk: BulkWrite, rows: Sequence[Row]) -> None:
        """Writes many rows; if that fails, the transaction stays usable only within a savepoint."""
        await self.run(lambda connection: bulk.execute(connection, rows))

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undoes what happens within, if that fails, and keeps the transaction usable."""
        nested = await self.run(Connection.begin_nested)
        try:
            yield
        except Exception:
            await self.run(lambda _: nested.rollback())
            raise
        await self.run(lambda _: nested.commit())

    async def run[Result](self, work: Work[Result]) -> Result:
        """Runs work of SQLAlchemy Core."""
        return await greenlet_spawn(run, self._connection, work)

    async def commit(self) -> None:
        """Makes the work permanent."""
        await self.run(Connection.commit)

    async def close(self) -> None:
        """Rolls back what is not committed, and gives the connection back."""
        await greenlet_spawn(self._connection.close)


def run[Result](connection: Connection, work: Callable[[Connection], Result]) -> Result:
    """Runs work on a connection, and gives the connection up if the server stopped answering."""
    try:
        return work(connection)
    except TimeoutError:
        connection.invalidate()
        raise
