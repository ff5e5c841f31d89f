"""Exclusive: one process migrates a database at a time; the others wait."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util import greenlet_spawn

from fastapi_chassis.domain import ChassisError, Finding
from fastapi_chassis.plugins.sqlalchemy.config import SqlAlchemyConfig
from fastapi_chassis.plugins.sqlalchemy.connection import Database, open_sqlalchemy
from fastapi_chassis.plugins.sqlalchemy.executor import Work

LOCK_KEY = 0x63686173736973  # "chassis"
_POLL = 0.2  # seconds between two looks at a lock that another process holds
_ALEMBIC = threading.Lock()  # Alembic keeps the migration at hand in globals of its modules


class MigrationError(ChassisError):
    """The database could not be brought up to date."""


@asynccontextmanager
async def exclusive(config: SqlAlchemyConfig) -> AsyncIterator[Connection]:
    """Yields a connection that no other process migrates beside.

    Raises:
        DatabaseAwayError: the database can't be reached.
        MigrationError: another process took too long.
    """
    limit = config.migrate_timeout
    patience = ("statement_timeout", "lock_timeout", "idle_in_transaction_timeout")
    patient = config.model_copy(update=dict.fromkeys(patience, limit) | {"command_timeout": limit + 1})
    database = Database(patient)
    try:
        async with asyncio.timeout(limit), _alone_in_process(), open_sqlalchemy(database):
            connection = await greenlet_spawn(_connect, database)
            try:
                if database.dialect.name == "postgresql":
                    await _alone(connection)
                yield connection
                await greenlet_spawn(connection.commit)
            finally:
                await greenlet_spawn(connection.close)
    except TimeoutError:
        raise MigrationError(
            Finding(
                f"migrating {config.place} took longer than {limit:g} s",
                where="plugins.sqlalchemy.migrate_timeout",
                remedy="see whether another process migrates it just now, or raise the limit.",
            )
        ) from None


async def perform[Result](connection: Connection, work: Work[Result]) -> Result:
    """Runs a command of Alembic.

    Raises:
        MigrationError: it failed; says why in the database's words.
    """
    from alembic.util import CommandError

    try:
        return await greenlet_spawn(work, connection)
    except DBAPIError as error:
        what = f"a migration failed: {error.orig}"
        raise MigrationError(
            Finding(what, remedy="correct the version that failed, then run chassis migrate.")
        ) from error
    except CommandError as error:
        raise MigrationError(
            Finding(f"Alembic refuses: {error}", remedy="see the folder of versions.")
        ) from None


def _connect(database: Database) -> Connection:
    if database.dialect.name == "postgresql":
        return database.connect()
    connection = database.connect_reader()
    # SQLite changes a table by copying it, which must not remove the rows that refer to it
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    return connection


async def _alone(connection: Connection) -> None:
    """Waits for PostgreSQL's lock by asking again: a waiting statement would hold up an index build."""

    def try_lock() -> bool:
        taken = connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK_KEY})
        connection.commit()
        return bool(taken)

    while not await greenlet_spawn(try_lock):  # noqa: ASYNC110 - another process tells no event
        await asyncio.sleep(_POLL)


@asynccontextmanager
async def _alone_in_process() -> AsyncIterator[None]:
    while not _ALEMBIC.acquire(blocking=False):  # noqa: ASYNC110 - it may be held by another loop
        await asyncio.sleep(_POLL / 10)
    try:
        yield
    finally:
        _ALEMBIC.release()
