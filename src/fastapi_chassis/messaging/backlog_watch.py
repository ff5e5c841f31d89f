"""BacklogWatch: looks at what waits in an outbox, from time to time, for those who measure."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging.outbox import Backlog
from fastapi_chassis.messaging.outbox_meter import OutboxMeter

_log = logging.getLogger("fastapi_chassis.messaging.relay")

_TIMEOUT = 30.0  # seconds that one look may take


class BacklogWatch:
    """Looks on its own timer; where nothing is measured, it asks the store nothing.

    Args:
        look: asks what waits.
        meter: shows it.
        interval: seconds between two looks.
    """

    def __init__(self, look: Callable[[], Awaitable[Backlog]], meter: OutboxMeter, interval: float) -> None:
        self._look = look
        self._meter = meter
        self._interval = interval

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Runs for the length of a block."""
        watching = asyncio.create_task(self._run(), name="backlog watch")
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            if self._meter.is_on:
                await self._show()
            await asyncio.sleep(self._interval)

    async def _show(self) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT):
                backlog = await self._look()
        except (TimeoutError, UnavailableException) as fault:
            _log.info("nobody knows just now what waits in the outbox: %r", fault)
        except Exception:  # noqa: BLE001 - logged, and the timer goes on
            _log.exception("what waits in the outbox could not be counted; the next look will")
        else:
            self._meter.show(backlog)
