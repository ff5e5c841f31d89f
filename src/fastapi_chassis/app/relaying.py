"""run_relay(): takes messages to the broker in a process of its own, until a signal ends it."""

import asyncio
import signal
from collections.abc import Callable

from fastapi_chassis.app.application import ApplicationAbstract
from fastapi_chassis.app.recipe import log_as


def run_relay(application: ApplicationAbstract, on_ready: Callable[[ApplicationAbstract], None]) -> None:
    """Relays what an application's processes commit; several such processes share the work.

    Args:
        application: built, and not started.
        on_ready: called once it relays.

    Raises:
        ChassisError: a plugin could not start, or there is nothing to relay.
    """
    log_as(application.config)
    asyncio.run(_relay(application, on_ready))


async def _relay(application: ApplicationAbstract, on_ready: Callable[[ApplicationAbstract], None]) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with application.relaying():
        on_ready(application)
        await stopping.wait()
