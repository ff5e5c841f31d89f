"""Pending: what a database lacks before the service can work on it."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Table, inspect
from sqlalchemy.engine import Connection, Inspector

from fastapi_chassis.domain import Finding
from fastapi_chassis.plugins.sqlalchemy.config import SqlAlchemyConfig
from fastapi_chassis.plugins.sqlalchemy.connection import Database, open_sqlalchemy
from fastapi_chassis.plugins.sqlalchemy.executor import Work
from fastapi_chassis.plugins.sqlalchemy.migrations.lines import Line, lines_of, versions_in

_MIGRATE = "run chassis migrate."
_WRITE = "write a version with chassis migrate --new, then run chassis migrate"


async def pending(
    config: SqlAlchemyConfig, *, service_migrations: Path | None = None, tables: Sequence[Table] = ()
) -> list[Finding]:
    """Says what the database lacks; nothing where it is up to date.

    Args:
        config: where the database is.
        service_migrations: the folder of the service's own versions.
        tables: the tables of its entities.

    Raises:
        DatabaseAwayError: the database can't be reached.
    """

    def work(connection: Connection) -> list[Finding]:
        behind = [finding for line in lines_of(service_migrations) for finding in _behind(connection, line)]
        there = inspect(connection)
        has_versions = versions_in(service_migrations) is not None
        # a table may well come with a version that was not applied yet
        return behind or [
            fault for table in tables for fault in _unfit(there, table, has_versions=has_versions)
        ]

    return await _asked(config, work)


async def current(config: SqlAlchemyConfig, *, service_migrations: Path | None = None) -> dict[str, str]:
    """Returns the version of the library's tables and of the service's; empty text where there is none.

    Raises:
        DatabaseAwayError: the database can't be reached.
    """

    def work(connection: Connection) -> dict[str, str]:
        return {
            line.name: ", ".join(sorted(line.current(connection))) for line in lines_of(service_migrations)
        }

    return await _asked(config, work)


async def _asked[Result](config: SqlAlchemyConfig, work: Work[Result]) -> Result:
    database = Database(config)
    async with open_sqlalchemy(database):
        return await database.read(work)


def _behind(connection: Connection, line: Line) -> list[Finding]:
    now, newest = line.current(connection), line.heads()
    if now == newest:
        return []
    at = ", ".join(sorted(now)) or "no version"
    what = f"the tables of {line.name} are at {at}, and the newest is {', '.join(sorted(newest))}"
    return [Finding(what, where="migrations", remedy=_MIGRATE)]


def _unfit(there: Inspector, table: Table, *, has_versions: bool) -> list[Finding]:
    if not there.has_table(table.name, schema=table.schema):
        remedy = f"{_WRITE}." if has_versions else _MIGRATE
        return [Finding(f"the table {table.fullname} is missing", where="migrations", remedy=remedy)]
    known = {column["name"] for column in there.get_columns(table.name, schema=table.schema)}
    missing = [column.name for column in table.columns if column.name not in known]
    if not missing:
        return []
    what = f"the table {table.fullname} has no column {', '.join(missing)}"
    remedy = f"{_WRITE}; while its rows are worth nothing, drop the table and run chassis migrate."
    return [Finding(what, where="migrations", remedy=remedy)]
