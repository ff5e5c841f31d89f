"""`chassis relay`: takes what waits in the outbox to the broker, in a process of its own."""

import typer

from fastapi_chassis.app import ApplicationAbstract, run_relay
from fastapi_chassis.cli.options import Source
from fastapi_chassis.cli.output import reported
from fastapi_chassis.cli.target import blueprint_of, load_target


def relay_messages(source: Source) -> None:
    """Relays until a signal ends it.

    Args:
        source: which application, and how it is configured.
    """
    with reported("the relay could not start", trace=source.trace):
        application = load_target(source.target)
        run_relay(application(blueprint_of(source)), _tell)


def _tell(application: ApplicationAbstract) -> None:
    config = application.config
    stores = ", ".join(place.name for place in application.assembly.stores.used)
    typer.echo(f"{config.service.name} {config.service.version} · relays what waits in {stores}")
