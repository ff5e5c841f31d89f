"""The connection: engine, pool and time-outs; the one place that opens, closes and translates errors."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from fastapi_chassis.domain import AppException, ChassisError, Finding, UnavailableException
from fastapi_chassis.plugins.sqlalchemy.columns import DECIMAL_COLLATION, dump_json
from fastapi_chassis.plugins.sqlalchemy.config import SqlAlchemyConfig
from fastapi_chassis.plugins.sqlalchemy.dialects import DIALECTS, SQLITE_FUNCTIONS, compare_decimals
from fastapi_chassis.plugins.sqlalchemy.errors import sqlstate_of, told
from fastapi_chassis.plugins.sqlalchemy.schema import Schema

type Work[Result] = Callable[[Connection], Result]

_TRANSACTION = "chassis_transaction"


class DatabaseAwayError(ChassisError):
    """The database can't be reached, or does not let the service in."""


class SqliteConnection(sqlite3.Connection):
    """A connection that begins no transaction by itself and knows the functions that lookups need."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name, count, function, deterministic in SQLITE_FUNCTIONS:
            self.create_function(name, count, function, deterministic=deterministic)
        self.create_collation(DECIMAL_COLLATION, compare_decimals)
        # FULL: what was committed survives a power cut, as messages must
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "case_sensitive_like=ON"):
            self.execute(f"PRAGMA {pragma}")


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turns what the database and its driver raise into the families of the service.

    Raises:
        AppException: what the caller is told.
        ChassisError: what the operator is told.
    """
    try:
        yield
    except (AppException, ChassisError):
        raise
    except Exception as error:
        translated = told(error)
        if translated is None:
            raise
        # an expected outcome needs no trace, and the driver's text may hold a row's values
        expected = isinstance(translated, AppException) and not isinstance(translated, UnavailableException)
        raise translated from (None if expected else error)


def create_engine(config: SqlAlchemyConfig) -> AsyncEngine:
    """Makes an engine in autocommit; nothing is connected yet."""
    postgres = config.target.drivername.startswith("postgresql")
    engine = create_async_engine(
        config.target,
        echo=config.echo,
        hide_parameters=True,
        json_serializer=dump_json,
        pool_size=config.pool_size,
        max_overflow=config.max_overflow,
        pool_timeout=config.pool_timeout,
        pool_recycle=config.pool_recycle,
        pool_use_lifo=True,
        **(_postgres_options(config) if postgres else _sqlite_options(config)),
    )
    if postgres:
        event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _postgres_options(config: SqlAlchemyConfig) -> dict[str, Any]:
    settings = {
        "application_name": config.application_name,
        "statement_timeout": _milliseconds(config.statement_timeout),
        "lock_timeout": _milliseconds(config.lock_timeout),
        "idle_in_transaction_session_timeout": _milliseconds(config.idle_in_transaction_timeout),
        "jit": "off",
    }
    return {
        "isolation_level": "AUTOCOMMIT",
        "connect_args": {
            "timeout": config.connect_timeout,
            "command_timeout": config.command_timeout,
            "server_settings": settings,
        },
    }


def _sqlite_options(config: SqlAlchemyConfig) -> dict[str, Any]:
    options = {"factory": SqliteConnection, "isolation_level": None, "timeout": config.lock_timeout}
    # a BEGIN that was cancelled still runs in the driver's thread; whoever has the connection next must not
    # inherit its lock on the file, so every return costs one hop to that thread for a rollback
    return {"connect_args": options, "pool_reset_on_return": "rollback"}


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))


def _refuse_closed(_: DBAPIConnection, entry: ConnectionPoolEntry, __: PoolProxiedConnection) -> None:
    """Replaces a connection that the server has closed meanwhile; costs no round trip."""
    driver = entry.driver_connection
    if driver is not None and driver.is_closed():
        raise DisconnectionError


def _begin_immediate(connection: Connection) -> None:
    # a transaction that reads first and writes later would fail where another one wrote in between
    if connection.get_execution_options().get(_TRANSACTION):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


class Database:
    """One database and the two ways in which work runs on it: in autocommit and in a transaction.

    Args:
        config: where it is; nothing is connected until the first work.
    """

    def __init__(self, config: SqlAlchemyConfig) -> None:
        self.config = config
        base = create_engine(config)
        self.dialect = DIALECTS[base.dialect.name]
        self.schema = Schema(self.dialect)
        self.claims: dict[str, object] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._autocommit = base.sync_engine
        self._writer: asyncio.Lock | None = None
        if self.dialect.name == "sqlite":
            self.engine = base.execution_options(**{_TRANSACTION: True})
            self._writer = asyncio.Lock()
            event.listen(self.engine.sync_engine, "begin", _begin_immediate)
        else:
            self.engine = base.execution_options(isolation_level="READ COMMITTED")

    async def read[Result](self, work: Work[Result]) -> Result:
        """Runs work in autocommit, on a connection that goes back at once."""
        return await greenlet_spawn(lambda: self._read(work))

    async def transaction[Result](self, work: Work[Result]) -> Result:
        """Runs work in a transaction of its own."""
        async with self.writing():
            return await greenlet_spawn(lambda: self._transaction(work))

    async def finish(self, closing: Coroutine[object, object, None]) -> None:
        """Waits for something to be closed, which goes on if the caller is cancelled."""
        task = asyncio.create_task(closing)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        await asyncio.shield(task)

    async def dispose(self) -> None:
        """Closes every connection."""
        if self._closing:
            await asyncio.wait(self._closing, timeout=self.config.command_timeout)
        await self.engine.dispose()

    def connect(self) -> Connection:
        """Takes a connection whose first statement begins a transaction; call it in a greenlet."""
        return self.engine.sync_engine.connect()

    def connect_reader(self) -> Connection:
        """Takes a connection for a long read; call it in a greenlet."""
        # PostgreSQL keeps a cursor within a transaction only; on SQLite that would hold up writers
        return self._autocommit.connect() if self._writer else self.connect()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Waits in line where the database has one writer only.

        Raises:
            UnavailableException: another transaction kept writing for too long.
        """
        await self.lock()
        try:
            yield
        finally:
            self.unlock()

    async def lock(self) -> None:
        """Becomes the writer, where there is only one; see `writing`."""
        if self._writer is None:
            return
        try:
            async with asyncio.timeout(self.config.lock_timeout):
                await self._writer.acquire()
        except TimeoutError:
            raise UnavailableException("another transaction is still writing", retry_after=1) from None

    def unlock(self) -> None:
        """Lets the next writer in."""
        if self._writer is not None:
            self._writer.release()

    def _read[Result](self, work: Work[Result]) -> Result:
        with translate_errors(), self._autocommit.connect() as connection:
            return run(connection, work)

    def _transaction[Result](self, work: Work[Result]) -> Result:
        with translate_errors(), self.engine.sync_engine.begin() as connection:
            return run(connection, work)


def run[Result](connection: Connection, work: Work[Result]) -> Result:
    """Runs work on a connection, and gives the connection up if the server stopped answering."""
    try:
        return work(connection)
    except TimeoutError:
        connection.invalidate()
        raise


@asynccontextmanager
async def open_sqlalchemy(database: Database) -> AsyncIterator[AsyncEngine]:
    """Checks that the database lets the service in, yields its engine, and closes every connection.

    Raises:
        DatabaseAwayError: it does not; says where it should be, never the password.
    """
    try:
        await _knock(database)
        yield database.engine
    finally:
        await database.dispose()


async def _knock(database: Database) -> None:
    patience = database.config.connect_timeout
    try:
        async with asyncio.timeout(patience):
            if database.dialect.name == "sqlite":
                await asyncio.to_thread(_open_file, database)
            await greenlet_spawn(_select_one, database)
    except TimeoutError:
        raise _away(database.config, f"did not answer within {patience:g} s") from None
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise _away(database.config, _reason(error)) from None
    except Exception as error:
        if sqlstate_of(error) is None:
            raise
        raise _away(database.config, _reason(error)) from None


def _open_file(database: Database) -> None:
    """Opens the file once: where that fails, the driver's own thread would outlive the event loop."""
    arguments, options = database.engine.dialect.create_connect_args(database.config.target)
    own: dict[str, Any] = {**options, "timeout": database.config.lock_timeout}
    SqliteConnection(*arguments, **own).close()


def _select_one(database: Database) -> None:
    with database.connect_reader() as connection:
        connection.execute(text("SELECT 1"))


def _reason(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    state = sqlstate_of(cause) or ""
    if state.startswith("28"):
        return "refused the user or the password"
    if state == "3D000":
        return "does not exist on its server"
    if state.startswith("53"):
        return "has no connection left for this service"
    if isinstance(cause, sqlite3.Error):
        return f"can't be opened: {cause}"
    if isinstance(cause, OSError):
        return f"did not answer: {cause.strerror or type(cause).__name__}"
    return f"is not ready ({state or type(cause).__name__})"


def _away(config: SqlAlchemyConfig, reason: str) -> DatabaseAwayError:
    return DatabaseAwayError(
        Finding(
            f"the database at {config.place} {reason}",
            where="plugins.sqlalchemy.url",
            remedy="start it or correct the URL; required: false lets the service start without it.",
        )
    )
