"""SqlAlchemySession: the one connection of a transaction, taken when something is written."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.sql import Executable
from sqlalchemy.util import greenlet_spawn

from fastapi_chassis.application import TransactionRequiredError
from fastapi_chassis.plugins.sqlalchemy.connection import Database, Work, run, translate_errors
from fastapi_chassis.plugins.sqlalchemy.dialects import DIALECTS, SqlDialect

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
        self._connection: Connection | None = None
        self._doom: Exception | None = None
        self._turn = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether a transaction is open."""
        return self._is_open

    def begin(self) -> None:
        """Opens the transaction; nothing is sent before something is written."""
        self._is_open = True

    def claim(self, what: str) -> bool:
        """Keeps something for this transaction within the process; False if another one has it.

        Where a second transaction would wait for the first one's end, it is told at once instead.
        """
        if not self._is_open:
            raise TransactionRequiredError("something was to be kept")
        return self.database.claims.setdefault(what, self) is self

    async def read[Result](self, work: Work[Result]) -> Result:
        """Runs work that changes nothing: in the transaction once that has written, else in autocommit.

        Both see what was committed when their statement began, so it makes no difference to the work.
        """
        if self._connection is not None:
            return await self.write(work)
        return await self.database.read(work)

    async def write[Result](self, work: Work[Result]) -> Result:
        """Runs work in the transaction, one work at a time."""
        async with self._turn:
            if not self._is_open:
                raise TransactionRequiredError("something was to be written")
            if self._connection is None:
                await self._connect()
            return await greenlet_spawn(lambda: self._run(work))

    async def stream(
        self, statement: Executable, parameters: Mapping[str, object]
    ) -> AsyncGenerator[Sequence[Sequence[object]], None]:
        """Yields rows in bunches from a cursor on the server's side."""
        if (own := self._connection) is not None:

            async def inside[Result](work: Work[Result]) -> Result:
                async with self._turn:
                    if self._connection is not own:
                        raise TransactionRequiredError("a stream was read")
                    return await greenlet_spawn(lambda: self._run(work))

            async with aclosing(_bunches(inside, statement, parameters)) as bunches:
                async for rows in bunches:
                    yield rows
            return
        with translate_errors():
            connection = await greenlet_spawn(self.database.connect_reader)

        async def outside[Result](work: Work[Result]) -> Result:
            with translate_errors():
                return await greenlet_spawn(lambda: run(connection, work))

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
                if self._connection is not None:
                    await greenlet_spawn(self._commit, self._connection)
        self._is_open = False
        self._give_up_claims()

    async def end(self) -> None:
        """Rolls back what is not committed and gives the connection back, even if the caller is cancelled."""
        connection, self._connection = self._connection, None
        self._is_open, self._doom = False, None
        if connection is None:
            self._give_up_claims()
        else:
            await self.database.finish(self._close(connection))

    async def _close(self, connection: Connection) -> None:
        async with self._turn:  # work that somebody left behind may still run
            try:
                await greenlet_spawn(connection.close)
            except Exception as error:  # noqa: BLE001 - the server rolls back what it never heard the end of
                _log.warning("a connection was lost in a rollback: %s", type(error).__name__)
            finally:
                self.database.unlock()
                self._give_up_claims()

    def _commit(self, connection: Connection) -> None:
        connection.commit()
        self._connection = None
        try:
            connection.close()
        finally:
            self.database.unlock()

    def _give_up_claims(self) -> None:
        claims = self.database.claims
        for what in [what for what, owner in claims.items() if owner is self]:
            del claims[what]

    async def _connect(self) -> None:
        await self.database.lock()
        try:
            self._connection = await greenlet_spawn(self._take)
        except BaseException:
            self.database.unlock()
            raise

    def _take(self) -> Connection:
        with translate_errors():
            return self.database.connect()

    def _run[Result](self, work: Work[Result]) -> Result:
        assert self._connection is not None
        with translate_errors():
            if self._doom is not None:
                raise self._doom
            try:
                return run(self._connection, work)
            except (DBAPIError, OSError) as error:
                self._doom = error
                raise


async def _bunches(
    perform: Perform, statement: Executable, parameters: Mapping[str, object]
) -> AsyncGenerator[Sequence[Sequence[object]], None]:
    options = {"yield_per": STREAMED}
    result = await perform(
        lambda connection: connection.execute(statement, parameters, execution_options=options)
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
