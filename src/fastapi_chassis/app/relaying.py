"""run_relay(): takes messages to the broker in a process of its own, until a signal ends it."""

import asyncio
import signal
from collections.abc import Callable

from fastapi_chassis.app.application import ApplicationAbstract
from fastapi_chassis.app.heap import settled_heap
from fastapi_chassis.app.recipe import log_as
from fastapi_chassis.app.server import uvicorn_config


def run_relay(application: ApplicationAbstract, on_ready: Callable[[ApplicationAbstract], None]) -> None:
    """Relays what an application's processes commit; several such processes share the work.

    Args:
        application: built, and not started.
        on_ready: called once it relays.

    Raises:
        ChassisError: a plugin could not start, or there is nothing to relay.
    """
    log_as(application.config)
    loop = uvicorn_config(application, application.config.server).get_loop_factory()
    asyncio.run(_relay(application, on_ready), loop_factory=loop)


async def _relay(application: ApplicationAbstract, on_ready: Callable[[ApplicationAbstract], None]) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with application.relaying():
        with settled_heap():
            on_ready(application)
            await stopping.wait()
