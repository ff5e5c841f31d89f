"""The commands: their names, what they take, and where they are."""

from typing import Annotated

import typer

from fastapi_chassis import __version__
from fastapi_chassis.cli.options import AsJson, Serving, Source, declared
from fastapi_chassis.cli.output import is_terminal


def main() -> None:
    """Runs the command that the command line names."""
    command_line()()


def command_line() -> typer.Typer:
    """Declares every command; what a command needs is imported when it runs."""
    app = _group("The chassis of a service. Exit codes: 0 well, 1 found something, 2 could not run.")
    app.callback()(_chassis)
    for command in (run, messages, routes, migrate, doctor):
        app.command()(declared(command))
    settings = _group("The configuration: values and origins, faults, schema.")
    for name, command in {"show": config_show, "check": config_check, "schema": config_schema}.items():
        settings.command(name)(declared(command))
    app.add_typer(settings, name="config")
    return app


def _group(text: str) -> typer.Typer:
    return typer.Typer(
        help=text,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich" if is_terminal() else None,
    )


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fastapi-chassis {__version__}")
        raise typer.Exit


def _chassis(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version


def run(source: Source, serving: Serving) -> None:
    """Serve the application, until SIGTERM or Ctrl+C."""
    from fastapi_chassis.cli.run import run_application

    run_application(source, serving)


def messages(
    source: Source,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what each message passes on its way.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List commands, queries and events, and who handles them."""
    from fastapi_chassis.cli.messages import show_messages

    show_messages(source, explain=explain, as_json=as_json)


def routes(source: Source, as_json: AsJson = False) -> None:
    """List the HTTP routes, and who may call them."""
    from fastapi_chassis.cli.routes import show_routes

    show_routes(source, as_json=as_json)


def migrate(
    source: Source,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit with 1 if something is missing.")
    ] = False,
    down: Annotated[str | None, typer.Option(metavar="REVISION", help="Go back to this revision.")] = None,
    new: Annotated[
        str | None, typer.Option(metavar="MESSAGE", help="Write the version that the entities lack.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring the database to the schema that the service needs."""
    from fastapi_chassis.cli.migrate import check_migrations, run_migrations, write_migration

    if check + bool(down) + bool(new) > 1:
        raise typer.BadParameter("--check, --down and --new exclude each other")
    if check:
        check_migrations(source, as_json=as_json)
    elif new:
        write_migration(source, new, as_json=as_json)
    else:
        run_migrations(source, down=down, as_json=as_json)


def doctor(source: Source, as_json: AsJson = False) -> None:
    """Look at the environment: Python, plugins, port, backends, migrations."""
    from fastapi_chassis.cli.doctor import examine

    examine(source, as_json=as_json)


def config_show(source: Source, as_json: AsJson = False) -> None:
    """Show every setting, its value and its origin; secrets are masked."""
    from fastapi_chassis.cli.config import show

    show(source, as_json=as_json)


def config_check(source: Source, as_json: AsJson = False) -> None:
    """Check the configuration; exit with 1 if something is wrong."""
    from fastapi_chassis.cli.config import check

    check(source, as_json=as_json)


def config_schema(source: Source, as_json: AsJson = False) -> None:
    """Print the JSON Schema of application.yaml, for editors."""
    from fastapi_chassis.cli.config import schema

    schema(source, as_json=as_json)
