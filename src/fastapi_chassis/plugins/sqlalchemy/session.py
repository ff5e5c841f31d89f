"""SqlAlchemySession: the one connection of a transaction, taken when something is written."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from types import TracebackType
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.util import greenlet_spawn

from fastapi_chassis.application import TransactionRequiredError
from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.sqlalchemy.compiled import Row, Statement
from fastapi_chassis.plugins.sqlalchemy.connection import Database, translate_errors
from fastapi_chassis.plugins.sqlalchemy.dialects import DIALECTS, BulkWrite, SqlDialect
from fastapi_chassis.plugins.sqlalchemy.errors import ends_transaction
from fastapi_chassis.plugins.sqlalchemy.executor import Executor, Work, run

type Perform = Callable[[Work[Any]], Awaitable[Any]]

STREAMED = 500  # rows in memory while a stream runs
_log = logging.getLogger("fastapi_chassis.sqlalchemy")


class SqlAlchemySession:
    """What repositories, outbox and inbox of one message write through.

    An error of the database, other than one inside of a savepoint, dooms the transaction: PostgreSQL would
    answer the commit with a silent rollback.

    Args:
        database: where it takes its connection from.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._is_open = False
        self._executor: Executor | None = None
        self._doom: Exception | None = None
        self._turn = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether a transaction is open."""
        return self._is_open

    async def begin(self) -> None:
        """Opens the transaction; nothing is sent before something is written."""
        self._is_open = True

    def claim(self, what: str) -> bool:
        """Keeps something for this transaction within the process; False if another one has it.

        Where a second transaction would wait for the first one's end, it is told at once instead.
        """
        if not self._is_open:
            raise TransactionRequiredError("something was to be kept")
        return self.database.claims.setdefault(what, self) is self

    async def fetch(self, statement: Statement, parameters: Mapping[str, object]) -> Sequence[Row]:
        """Returns all rows of a question: in the transaction once that has written, else in autocommit.

        Both see what was committed when their statement began, so it makes no difference to who asks.
        """
        if self._executor is None:
            return await self.database.fetch(statement, parameters, of_command=self._is_open)
        async with self.executing() as executor:
            return await executor.fetch(statement, parameters)

    async def read[Result](self, work: Work[Result]) -> Result:
        """Runs work of SQLAlchemy Core that changes nothing, where `fetch` would ask its question."""
        if self._executor is not None:
            return await self.write(work)
        return await self.database.read(work)

    async def write[Result](self, work: Work[Result]) -> Result:
        """Runs work of SQLAlchemy Core in the transaction."""
        async with self.executing() as executor:
            return await executor.run(work)

    async def write_rows(self, bulk: BulkWrite, rows: Sequence[Row]) -> None:
        """Writes many rows in the transaction."""
        async with self.executing() as executor:
            await executor.write(bulk, rows)

    def executing(self) -> AbstractAsyncContextManager[Executor]:
        """Lends the transaction's executor to one task at a time; the first one begins the transaction."""
        return _Turn(self)

    async def begin_turn(self) -> Executor:
        """Takes the executor for one task, and begins the transaction with the first one."""
        await self._turn.acquire()
        try:
            if not self._is_open:
                raise TransactionRequiredError("something was to be written")
            if self._executor is None:
                self._executor = await self._begin()
            if self._doom is not None:
                raise self._doom
        except BaseException:
            self._turn.release()
            raise
        return self._executor

    def end_turn(self, fault: BaseException | None) -> None:
        """Gives the executor back; some faults leave nothing but the end of the transaction."""
        self._turn.release()
        if isinstance(fault, asyncio.CancelledError):
            self._doom = UnavailableException("the transaction was interrupted", retry_after=1)
        elif isinstance(fault, Exception) and ends_transaction(fault):
            self._doom = fault

    async def stream(
        self, statement: Statement, parameters: Mapping[str, object]
    ) -> AsyncGenerator[Sequence[Sequence[object]], None]:
        """Yields rows in bunches from a cursor on the server's side."""
        if (own := self._executor) is not None:

            async def inside[Result](work: Work[Result]) -> Result:
                if self._executor is own:
                    async with self.executing() as executor:
                        if executor is own:
                            return await executor.run(work)
                raise TransactionRequiredError("a stream was read")

            async with aclosing(_bunches(inside, statement, parameters)) as bunches:
                async for rows in bunches:
                    yield rows
            return
        with translate_errors():
            connection = await greenlet_spawn(self.database.connect_reader)

        async def outside[Result](work: Work[Result]) -> Result:
            with translate_errors():
                return await greenlet_spawn(run, connection, work)

        try:
            async with aclosing(_bunches(outside, statement, parameters)) as bunches:
                async for rows in bunches:
                    yield rows
        finally:
            await self.database.finish(greenlet_spawn(connection.close))

    async def commit(self) -> None:
        """Makes the work permanent.

        Raises:
            AppException: an earlier statement failed, so nothing can be committed.
            UnavailableException: the database did not answer; whether it committed is unknown.
        """
        async with self._turn:
            with translate_errors():
                if self._doom is not None:
                    raise self._doom
                if self._executor is not None:
                    try:
                        await self._executor.commit()
                    finally:  # it may stand even where the answer was lost
                        self.database.wrote()
                    await self._release()
        self._is_open = False
        self._give_up_claims()

    async def end(self) -> None:
        """Rolls back what is not committed and gives the connection back, even if the caller is cancelled."""
        executor, self._executor = self._executor, None
        self._is_open, self._doom = False, None
        if executor is None:
            self._give_up_claims()
        else:
            await self.database.finish(self._close(executor))

    async def _close(self, executor: Executor) -> None:
        async with self._turn:  # work that somebody left behind may still run
            try:
                await executor.close()
            except Exception as error:  # noqa: BLE001 - the server rolls back what it never heard the end of
                _log.warning("a connection was lost in a rollback: %s", type(error).__name__)
            finally:
                self.database.unlock()
                self._give_up_claims()

    async def _release(self) -> None:
        executor, self._executor = self._executor, None
        assert executor is not None
        try:
            await executor.close()
        finally:
            self.database.unlock()

    def _give_up_claims(self) -> None:
        claims = self.database.claims
        for what in [what for what, owner in claims.items() if owner is self]:
            del claims[what]

    async def _begin(self) -> Executor:
        await self.database.lock()
        try:
            return await self.database.begin()
        except BaseException:
            self.database.unlock()
            raise


class _Turn:
    """One task's use of the executor; a class and no generator, since every statement takes one."""

    __slots__ = ("_session",)

    def __init__(self, session: SqlAlchemySession) -> None:
        self._session = session

    async def __aenter__(self) -> Executor:
        with translate_errors():
            return await self._session.begin_turn()

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.end_turn(fault)
        translate_errors().__exit__(kind, fault, trace)


async def _bunches(
    perform: Perform, statement: Statement, parameters: Mapping[str, object]
) -> AsyncGenerator[Sequence[Sequence[object]], None]:
    options = {"yield_per": STREAMED}
    result = await perform(
        lambda connection: connection.execute(statement.element, parameters, execution_options=options)
    )
    try:
        while rows := await perform(lambda _: result.fetchmany()):
            yield rows
    finally:
        with suppress(TransactionRequiredError):  # with its transaction, a cursor has ended
            await perform(lambda _: result.close())


def perform_on(session: AsyncConnection | AsyncSession) -> tuple[Perform, SqlDialect]:
    """Returns how to work on a connection or session of SQLAlchemy's own, and how its database is asked."""
    connected = session.sync_connection if isinstance(session, AsyncConnection) else session.get_bind()
    assert connected is not None

    async def perform[Result](work: Work[Result]) -> Result:
        connection = session if isinstance(session, AsyncConnection) else await session.connection()
        with translate_errors():
            return await connection.run_sync(work)

    return perform, DIALECTS[connected.dialect.name]
