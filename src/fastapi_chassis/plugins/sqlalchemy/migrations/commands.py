"""Commands: migrate, go back, and write a new version."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Table, inspect
from sqlalchemy.engine import Connection

from fastapi_chassis.plugins.sqlalchemy.config import SqlAlchemyConfig
from fastapi_chassis.plugins.sqlalchemy.migrations.exclusive import exclusive, perform
from fastapi_chassis.plugins.sqlalchemy.migrations.lines import (
    Line,
    has_other_type,
    is_foreign,
    lines_of,
    noting,
    render_type,
    service_line,
    versions_in,
)


async def migrate(
    config: SqlAlchemyConfig, *, service_migrations: Path | None = None, tables: Sequence[Table] = ()
) -> list[str]:
    """Brings the database up to date and tells what was applied.

    Two processes may call this at once: one does the work, the other waits and finds it done.

    Args:
        config: where the database is.
        service_migrations: the folder of the service's own versions.
        tables: the tables of its entities; created where the service has no versions.

    Raises:
        DatabaseAwayError: the database can't be reached.
        MigrationError: a version failed, or another process took too long.
    """
    from alembic import command  # an import that only those pay for who migrate

    applied: list[str] = []

    def work(connection: Connection) -> None:
        for line in lines_of(service_migrations):
            command.upgrade(line.config(connection, on_version_apply=noting(applied, line)), "heads")
        if versions_in(service_migrations) is None:
            applied.extend(_create(connection, tables))

    async with exclusive(config) as connection:
        await perform(connection, work)
    return applied


async def downgrade(
    config: SqlAlchemyConfig, target: str, *, service_migrations: Path | None = None
) -> list[str]:
    """Goes back to a version, of the service if it has versions and of the library if not.

    Args:
        config: where the database is.
        target: a revision, `-1`, or `base`.
        service_migrations: the folder of the service's own versions.

    Raises:
        DatabaseAwayError: the database can't be reached.
        MigrationError: the version is unknown or failed.
    """
    from alembic import command

    undone: list[str] = []
    line = lines_of(service_migrations)[-1]

    def work(connection: Connection) -> None:
        command.downgrade(line.config(connection, on_version_apply=noting(undone, line)), target)

    async with exclusive(config) as connection:
        await perform(connection, work)
    return undone


async def revision(
    config: SqlAlchemyConfig, message: str, *, service_migrations: Path, tables: Sequence[Table]
) -> Path | None:
    """Writes the version that takes the database to the given tables; None if it is there already.

    Args:
        config: the database to compare with; it should be up to date.
        message: what the version does, for its name.
        service_migrations: the folder of the service's own versions; made if missing.
        tables: the tables of the service's entities.

    Raises:
        DatabaseAwayError: the database can't be reached.
        MigrationError: the database is not up to date.
    """
    line = service_line(service_migrations)
    line.folder.mkdir(parents=True, exist_ok=True)
    async with exclusive(config) as connection:
        return await perform(connection, lambda it: _revision(it, line, message, tables))


def _revision(connection: Connection, line: Line, message: str, tables: Sequence[Table]) -> Path | None:
    from alembic import command

    def keep(_context: object, _revision: object, directives: list[Any]) -> None:
        if directives[0].upgrade_ops.is_empty():
            directives.clear()

    config = line.config(
        connection,
        metadata=list({table.metadata: None for table in tables}),
        include_name=is_foreign,
        render_item=render_type,
        compare_type=has_other_type,
    )
    made = command.revision(config, message, autogenerate=True, process_revision_directives=keep)
    scripts = made if isinstance(made, list) else [made]
    return next((Path(script.path) for script in scripts if script is not None), None)


def _create(connection: Connection, tables: Sequence[Table]) -> list[str]:
    there = inspect(connection)
    missing = [table for table in tables if not there.has_table(table.name, schema=table.schema)]
    for metadata in {table.metadata: None for table in missing}:
        metadata.create_all(connection, [table for table in missing if table.metadata is metadata])
    connection.commit()
    return [f"table {table.fullname}" for table in missing]
