"""Serving: an application on its address, in this process or in several, until a signal ends it."""

import logging
from contextlib import closing
from time import perf_counter

from fastapi_chassis.app.application import ApplicationAbstract
from fastapi_chassis.app.listening import listen_at
from fastapi_chassis.app.recipe import OnReady, Recipe, log_as
from fastapi_chassis.domain import Finding, WiringError

_log = logging.getLogger("fastapi_chassis.server")


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


def _unnamed(application: ApplicationAbstract) -> Finding:
    server = application.config.server
    wish = "server.reload" if server.reload else f"server.workers: {server.workers}"
    return Finding(
        f"{wish} needs an application that other processes can make too, "
        f"and {type(application).__qualname__} has parts that only this one has",
        remedy="list its plugins and modules in the class, in a module of its own, and use "
        "chassis run module:Class.",
    )
