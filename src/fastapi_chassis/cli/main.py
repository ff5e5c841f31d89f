"""The commands: their names, what they take, and where they are."""

from pathlib import Path
from typing import Annotated

import typer

from fastapi_chassis import __version__
from fastapi_chassis.cli.options import AsJson, DeadLetterId, Serving, Source, Wanted, declared
from fastapi_chassis.cli.output import is_terminal


def main() -> None:
    """Runs the command that the command line names."""
    command_line()()


def command_line() -> typer.Typer:
    """Declares every command; what a command needs is imported when it runs."""
    app = _group("The chassis of a service. Exit codes: 0 well, 1 found something, 2 could not run.")
    app.callback()(_chassis)
    for command in (run, relay, messages, routes, migrate, doctor):
        app.command()(declared(command))
    settings = _group("The configuration: values and origins, faults, schema.")
    for name, command in {"show": config_show, "check": config_check, "schema": config_schema}.items():
        settings.command(name)(declared(command))
    app.add_typer(settings, name="config")
    letters = _group("Messages that consumers gave up: see, edit, replay, discard.")
    for verb in (dead_list, dead_show, dead_edit, dead_replay, dead_discard):
        letters.command(verb.__name__.removeprefix("dead_"))(declared(verb))
    app.add_typer(letters, name="dead-letters")
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


def relay(source: Source) -> None:
    """Take messages from the outbox to the broker, until SIGTERM or Ctrl+C."""
    from fastapi_chassis.cli.relay import relay_messages

    relay_messages(source)


def messages(
    source: Source,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what each message passes on its way.")
    ] = False,
    asyncapi: Annotated[
        bool, typer.Option("--asyncapi", help="Print the AsyncAPI 3 document of the events, as JSON.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List commands, queries and events, and who handles them."""
    from fastapi_chassis.cli.messages import show_asyncapi, show_messages

    if asyncapi:
        show_asyncapi(source)
        return
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


def dead_list(
    source: Source,
    wanted: Wanted,
    state: Annotated[str, typer.Option(help="waiting, replayed, discarded or any.")] = "waiting",
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 50,
    before: Annotated[str | None, typer.Option(metavar="ID", help="Only those before this one.")] = None,
    as_json: AsJson = False,
) -> None:
    """List them, the latest first."""
    from fastapi_chassis.cli.dead_letters import list_dead_letters

    list_dead_letters(source, wanted, state=state, limit=limit, before=before, as_json=as_json)


def dead_show(id: DeadLetterId, source: Source, as_json: AsJson = False) -> None:  # noqa: A002 - its name
    """Show one, with its headers and body."""
    from fastapi_chassis.cli.dead_letters import show_dead_letter

    show_dead_letter(source, id, as_json=as_json)


def dead_edit(
    id: DeadLetterId,  # noqa: A002 - its name
    source: Source,
    payload: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The new body; - reads standard input.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Set a header; repeatable.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Remove a header; repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change the body or the headers that a replay hands over."""
    from fastapi_chassis.cli.dead_letters import edit_dead_letter

    headers = (header or [], without or [])
    edit_dead_letter(source, id, payload=payload, headers=headers, as_json=as_json)


def dead_replay(
    *,
    id: DeadLetterId = None,  # noqa: A002 - its name
    source: Source,
    wanted: Wanted,
    every: Annotated[bool, typer.Option("--all", help="All that the filters leave.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run the handlers of its group with one, here; or with all that the filters leave."""
    from fastapi_chassis.cli.dead_letters import settle_dead_letters

    settle_dead_letters("replay", source, id, wanted if every else None, as_json=as_json)


def dead_discard(
    *,
    id: DeadLetterId = None,  # noqa: A002 - its name
    source: Source,
    wanted: Wanted,
    every: Annotated[bool, typer.Option("--all", help="All that the filters leave.")] = False,
    as_json: AsJson = False,
) -> None:
    """Settle one without handling it; or all that the filters leave."""
    from fastapi_chassis.cli.dead_letters import settle_dead_letters

    settle_dead_letters("discard", source, id, wanted if every else None, as_json=as_json)
