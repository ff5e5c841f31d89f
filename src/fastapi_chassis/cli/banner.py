"""Banner: two lines that say what runs, where, and how its parts are."""

import typer

from fastapi_chassis.app import ApplicationAbstract
from fastapi_chassis.status import HealthStatusEnum


def print_banner(application: ApplicationAbstract, url: str, seconds: float) -> None:
    """Prints both lines; a function of a module, so that worker processes find it."""
    for line in banner(application, url, seconds):
        typer.echo(line)


def banner(application: ApplicationAbstract, url: str, seconds: float) -> tuple[str, str]:
    """Says what runs and where, and how its parts are."""
    config = application.config
    page = f"{url}{config.api.prefix}/docs" if config.serves_docs else url
    first = [f"{config.service.name} {config.service.version}", config.environment.value, page]
    parts = [
        *_running(application),
        *(f"{name} off" for name, one in config.plugins.items() if not one.enabled),
    ]
    return " · ".join(first), " · ".join([*(parts or ["no plugins"]), f"ready in {seconds:.2f} s"])


def _running(application: ApplicationAbstract) -> list[str]:
    away = {one.name for one in application.status.components if one.status is HealthStatusEnum.UNHEALTHY}
    return [
        f"{plugin.instance} away" if plugin.instance in away else plugin.instance
        for plugin in application.assembly.plugins
    ]
