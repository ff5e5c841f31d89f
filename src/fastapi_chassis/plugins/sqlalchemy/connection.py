"""The connection: engine, pool and time-outs; the one place that opens, closes and translates errors."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from fastapi_chassis.domain import ChassisError, Finding, UnavailableException, translating
from fastapi_chassis.plugins.sqlalchemy.columns import DECIMAL_COLLATION, dump_json
from fastapi_chassis.plugins.sqlalchemy.compiled import Row, Statement
from fastapi_chassis.plugins.sqlalchemy.config import SqlAlchemyConfig
from fastapi_chassis.plugins.sqlalchemy.dialects import DIALECTS, SQLITE_FUNCTIONS, compare_decimals
from fastapi_chassis.plugins.sqlalchemy.driver import DriverExecutor, DriverReader
from fastapi_chassis.plugins.sqlalchemy.errors import sqlstate_of, told
from fastapi_chassis.plugins.sqlalchemy.executor import Executor, Reader, Work
from fastapi_chassis.plugins.sqlalchemy.pool import Connecting
from fastapi_chassis.plugins.sqlalchemy.replicas import Replica, ReplicaReader, Tolerance
from fastapi_chassis.plugins.sqlalchemy.schema import Schema

_TRANSACTION = "chassis_transaction"
_log = logging.getLogger("fastapi_chassis.sqlalchemy")


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


def translate_errors() -> AbstractContextManager[None]:
    """Turns what the database and its driver raise into the families of the service.

    Raises:
        AppException: what the caller is told.
        ChassisError: what the operator is told.
    """
    return translating(told)


def create_engine(config: SqlAlchemyConfig) -> AsyncEngine:
    """Makes an engine in autocommit; nothing is connected yet."""
    postgres = config.target.drivername.startswith("postgresql")
    engine = create_async_engine(
        config.target,
        echo=config.echo and not postgres,
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
    if postgres and config.echo:
        event.listen(engine.sync_engine, "connect", _log_statements)
    return engine


def _postgres_options(config: SqlAlchemyConfig) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "async_creator_fn": Connecting,
        "timeout": config.connect_timeout,
        "command_timeout": config.command_timeout,
        "server_settings": {"application_name": config.application_name},
    }
    if not config.pgbouncer:  # it would refuse them: see `_opening`
        arguments["server_settings"] |= {**_patience(config), "jit": "off"}
    if not config.prepared_statements:
        nameless = {"prepared_statement_cache_size": 0, "prepared_statement_name_func": str}
        arguments |= {"statement_cache_size": 0, **nameless}
    return {"isolation_level": "AUTOCOMMIT", "connect_args": arguments}


def _patience(config: SqlAlchemyConfig) -> dict[str, str]:
    return {
        "statement_timeout": _milliseconds(config.statement_timeout),
        "lock_timeout": _milliseconds(config.lock_timeout),
        "idle_in_transaction_session_timeout": _milliseconds(config.idle_in_transaction_timeout),
    }


def _opening(config: SqlAlchemyConfig) -> str:
    """Returns what begins a transaction; behind PgBouncer each brings its own time-outs."""
    settings = _patience(config) if config.pgbouncer else {}
    local = [f"SET LOCAL {name} = {value}" for name, value in settings.items()]
    return "; ".join(["BEGIN ISOLATION LEVEL READ COMMITTED", *local])


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


def _log_statements(_: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    """Logs what the driver sends, whoever asks it; never the values."""
    driver = entry.driver_connection
    assert driver is not None
    driver.add_query_logger(lambda logged: _log.info("%s", logged.query))


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
            self._primary = Reader(base.sync_engine)
            event.listen(self.engine.sync_engine, "begin", _begin_immediate)
        else:
            self.engine = base.execution_options(isolation_level="READ COMMITTED")
            self._primary = DriverReader(base.sync_engine)
        self.replicas = _replicas(config, self._primary) if config.replicas else None

    async def fetch(
        self, statement: Statement, parameters: Mapping[str, object], *, of_command: bool = False
    ) -> Sequence[Row]:
        """Returns all rows of a question that is asked outside of a transaction.

        Args:
            statement: the question.
            parameters: its values.
            of_command: whether what is read may be written back, so that no replica will do.
        """
        reader = self._primary if of_command or self.replicas is None else self.replicas
        with translate_errors():
            return await reader.fetch(statement, parameters)

    async def read[Result](self, work: Work[Result]) -> Result:
        """Runs work of SQLAlchemy Core in autocommit, on a connection that goes back at once."""
        with translate_errors():
            return await self._primary.run(work)

    async def transaction[Result](self, work: Work[Result]) -> Result:
        """Runs work of SQLAlchemy Core in a transaction of its own."""
        async with self.writing():
            with translate_errors():
                executor = await self.begin()
                try:
                    result = await executor.run(work)
                    await executor.commit()
                finally:
                    await self.finish(executor.close())
            return result

    async def begin(self) -> Executor:
        """Takes a connection and begins a transaction on it; whoever does so must close it."""
        if self.dialect.driver is None:
            return Executor(await greenlet_spawn(self.connect))
        connection = await greenlet_spawn(self._autocommit.connect)
        executor = DriverExecutor(connection, _opening(self.config))
        try:
            await executor.begin()
        except BaseException:
            await self.finish(executor.close())
            raise
        return executor

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
        if self.replicas is not None:
            await self.replicas.close()
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

    def wrote(self) -> None:
        """Notes that a transaction has come to its end, so that queries see what it stored."""
        if self.replicas is not None:
            self.replicas.wrote()


def _replicas(config: SqlAlchemyConfig, primary: Reader) -> ReplicaReader:
    tolerance = Tolerance(config.replica_max_lag, config.read_your_writes, config.connect_timeout)
    servers = [(server.place, create_engine(server)) for server in map(config.at, config.replicas)]
    replicas = [Replica(place, DriverReader(engine.sync_engine), engine) for place, engine in servers]
    return ReplicaReader(primary, replicas, tolerance)


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


_REASONS = {
    "08P01": "refuses a setting, as PgBouncer does unless plugins.sqlalchemy.pgbouncer is true",
    "28": "refused the user or the password",
    "3D000": "does not exist on its server",
    "53": "has no connection left for this service",
}


def _reason(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    state = sqlstate_of(cause) or ""
    for beginning, reason in _REASONS.items():
        if state.startswith(beginning):
            return reason
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
