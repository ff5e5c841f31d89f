"""`chassis migrate`: brings databases to the schema that the service needs."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import typer

from fastapi_chassis.app import ApplicationAbstract, Migrations, MigrationWriter
from fastapi_chassis.cli.options import Source
from fastapi_chassis.cli.output import print_findings, print_json, reported
from fastapi_chassis.cli.progress import told
from fastapi_chassis.cli.target import TargetError, build_target
from fastapi_chassis.domain import Finding

TITLE = "the migration failed"


def run_migrations(source: Source, *, down: str | None, as_json: bool) -> None:
    """Applies what is missing, or goes back to a revision."""

    async def run(migrations: Migrations) -> list[str]:
        return await (migrations.migrate() if down is None else migrations.downgrade(down))

    with reported(TITLE, trace=source.trace, as_json=as_json):
        steps = _asked(build_target(source), run)
    if as_json:
        print_json({plugin: list(taken) for plugin, taken in steps.items()})
        return
    verb = "applied" if down is None else "undone"
    for plugin, taken in steps.items():
        for step in taken:
            typer.echo(f"{plugin}  {verb}  {step}")
        if not taken:
            typer.echo(f"{plugin}  nothing to do")


def check_migrations(source: Source, *, as_json: bool) -> None:
    """Names what is missing, and ends with exit code 1 if that is anything."""

    async def run(migrations: Migrations) -> list[Finding]:
        return await migrations.pending()

    with reported(TITLE, trace=source.trace, as_json=as_json):
        pending = _asked(build_target(source), run)
    print_findings("migrations", (one for found in pending.values() for one in found), as_json=as_json)


def write_migration(source: Source, message: str, *, as_json: bool) -> None:
    """Writes the step from the database to the service's entities, by every plugin that can."""

    async def run(migrations: Migrations) -> Path | str | None:
        return await migrations.write(message) or "" if isinstance(migrations, MigrationWriter) else None

    with reported(TITLE, trace=source.trace, as_json=as_json):
        asked = _asked(build_target(source), run)
    files = {plugin: file and os.path.relpath(file) for plugin, file in asked.items() if file is not None}
    if as_json:
        print_json(files)
        return
    for plugin, file in files.items():
        typer.echo(f"{plugin}  wrote  {file}" if file else f"{plugin}  nothing to do")
    if not files:
        typer.echo(f"{', '.join(asked)} can't write migrations; write them by hand.")


def _asked[R](application: ApplicationAbstract, ask: Callable[[Migrations], Awaitable[R]]) -> dict[str, R]:
    """Asks every plugin that has migrations, one after the other."""
    asked = {
        plugin.instance: migrations
        for plugin in application.assembly.plugins
        if (migrations := plugin.migrations()) is not None
    }
    if not asked:
        raise TargetError(
            Finding(
                f"no plugin of {application.config.service.name} has migrations",
                remedy="enable one that does, such as sqlalchemy: plugins: {sqlalchemy: {}}.",
            )
        )

    async def run() -> dict[str, R]:
        return {name: await told(f"migrating {name}", ask(one)) for name, one in asked.items()}

    return asyncio.run(run())
