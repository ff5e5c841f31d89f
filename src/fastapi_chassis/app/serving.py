"""Serving: an application on its address, in this process or in several, until a signal ends it."""

import importlib
import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import reduce
from time import perf_counter
from typing import cast

from fastapi_chassis.app.application import ApplicationAbstract
from fastapi_chassis.app.blueprint import Blueprint
from fastapi_chassis.app.listening import listen_at
from fastapi_chassis.config import ConfigSources, RootConfig
from fastapi_chassis.domain import Finding, WiringError
from fastapi_chassis.observability import setup_logging

_log = logging.getLogger("fastapi_chassis.server")

type OnReady = Callable[[ApplicationAbstract, str, float], None]
"""Called with the application, its URL and the seconds that the start took."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How another process makes the same application.

    Args:
        application: `module:Class`.
        arguments: settings above every file and variable.
        sources: where configuration is looked for, instead of the usual places.
    """

    application: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    sources: ConfigSources = field(default_factory=ConfigSources)

    def made(self) -> ApplicationAbstract:
        """Imports the class and builds the application.

        Raises:
            ChassisError: with everything that is wired or configured wrongly.
        """
        module, _, name = self.application.partition(":")
        found = reduce(getattr, name.split("."), importlib.import_module(module))
        application = cast("type[ApplicationAbstract]", found)
        return application(Blueprint(arguments=dict(self.arguments), sources=self.sources))


def recipe_of(application: type[ApplicationAbstract], blueprint: Blueprint) -> Recipe | None:
    """Tells how another process makes this application; None where it has parts that can't be named."""
    has_parts = bool(blueprint.plugins or blueprint.modules or blueprint.overrides or blueprint.config)
    # other processes read the environment themselves: one that was handed in is no longer the same there
    if (
        has_parts
        or "environ" in blueprint.sources
        or application.__module__ == "__main__"
        or "<locals>" in application.__qualname__
    ):
        return None
    name = f"{application.__module__}:{application.__qualname__}"
    return Recipe(name, blueprint.arguments, blueprint.sources)


def announce(application: ApplicationAbstract, url: str, seconds: float) -> None:
    """Logs that the application is ready."""
    _log.info("%s is ready at %s after %.2f s", application.config.service.name, url, seconds)


def serve(
    application: ApplicationAbstract,
    *,
    recipe: Recipe | None = None,
    on_ready: OnReady = announce,
    began: float | None = None,
) -> None:
    """Serves an application as its `server` section says, until a signal asks for a clean stop.

    Args:
        application: built, and not started.
        recipe: how other processes make it; needed for several workers and for reload.
        on_ready: called once it serves; a function of a module, so that other processes find it.
        began: when the start began, by `perf_counter`.

    Raises:
        ChassisError: with everything that keeps it from serving: its address, its plugins.
        KeyboardInterrupt: a second Ctrl+C cut the stop short.
    """
    began = perf_counter() if began is None else began
    server = application.config.server
    with closing(listen_at(server)) as listener:
        log_as(application.config)
        if server.workers == 1 and not server.reload:
            from fastapi_chassis.app.service_server import run_here  # it loads uvicorn

            run_here(application, listener, on_ready, began)
            return
        if recipe is None:
            raise WiringError(_unnamed(application))
        from fastapi_chassis.app.workers import run_reloading, run_workers

        if server.reload:
            run_reloading(recipe, listener, on_ready)
        else:
            run_workers(recipe, listener, server, on_ready)


def log_as(config: RootConfig) -> None:
    """Sets the logs of this process up."""
    setup_logging(config.logging, environment=config.environment, service=config.service.name)
    # the chassis tells of start and stop itself
    logging.getLogger("uvicorn").setLevel(max(logging.WARNING, logging.getLogger().level))


def _unnamed(application: ApplicationAbstract) -> Finding:
    server = application.config.server
    wish = "server.reload" if server.reload else f"server.workers: {server.workers}"
    return Finding(
        f"{wish} needs an application that other processes can make too, "
        f"and {type(application).__qualname__} has parts that only this one has",
        remedy="list its plugins and modules in the class, in a module of its own, and use "
        "chassis run module:Class.",
    )
