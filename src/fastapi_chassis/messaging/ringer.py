"""Ringer: tells the relays of other processes that something was committed, once for many commits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi_chassis.messaging.config import RetryConfig
from fastapi_chassis.messaging.outage import Outage
from fastapi_chassis.messaging.outbox import Bell

_APART = 0.005  # seconds between two rings


class Ringer:
    """Rings off the road of the commit, which waits for nothing.

    Args:
        bell: what others listen to; None where they have to look by themselves.
        retry: the waits while the bell is away.
    """

    def __init__(self, bell: Bell | None, retry: RetryConfig) -> None:
        self._bell = bell
        self._outage = Outage("the bell of the outbox", retry)
        self._signal = asyncio.Event()

    def wake(self) -> None:
        """Says that something was committed; cheap, and never blocks."""
        self._signal.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Ringer"]:
        """Rings for the length of a block."""
        ringing = asyncio.create_task(self._run(), name="ring for relays")
        try:
            yield self
        finally:
            ringing.cancel()
            with suppress(asyncio.CancelledError):
                await ringing

    async def _run(self) -> None:
        while self._bell is not None:
            await self._signal.wait()
            self._signal.clear()
            try:
                await self._bell.ring()
                self._outage.healed()
            except Exception as fault:  # noqa: BLE001 - logged by the outage; relays look by themselves as well
                self._outage.failed(fault)
            await asyncio.sleep(max(self._outage.left, _APART))
