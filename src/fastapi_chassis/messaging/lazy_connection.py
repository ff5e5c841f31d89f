"""LazyConnection: opened when it is needed, once for all who wait, and opened anew after it was lost."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from fastapi_chassis.messaging.backoff import full_jitter
from fastapi_chassis.messaging.config import RetryConfig


class Wire(Protocol):
    """One connection as it stands; it is never mended."""

    @property
    def is_open(self) -> bool:
        """Whether it stands, as far as is known."""
        ...

    def abort(self) -> None:
        """Breaks it without asking anybody."""
        ...

    async def close(self) -> None:
        """Closes it; never fails and never waits long."""
        ...


class LazyConnection[W: Wire]:
    """One wire at a time, between `open` and `close`; attempts that fail come at ever longer intervals.

    Args:
        name: what its tasks are called.
        make: makes a wire that is not connected yet.
        connect: connects it.
        retry: waits between attempts.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], W],
        connect: Callable[[W], Awaitable[None]],
        retry: RetryConfig,
    ) -> None:
        self._name, self._make, self._connect, self._retry = name, make, connect, retry
        self._wire: W | None = None
        self._opening: asyncio.Task[W] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._is_open = False
        self._not_before, self._failures = 0.0, 0

    @property
    def wire(self) -> W | None:
        """The last wire, unless it was dropped."""
        return self._wire

    def open(self) -> None:
        """Makes ready to connect; connects with the first use."""
        self._is_open = True

    async def close(self) -> None:
        """Closes it, and waits for those that were dropped."""
        self._is_open = False
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        if self._wire is not None:
            self._let_go(self._wire)
        while self._closing:
            await asyncio.wait(self._closing)

    async def connected(self) -> W:
        """Returns the wire, which all share; connects where there is none.

        Raises:
            ConnectionError: it is closed; besides whatever `connect` raises.
        """
        if self._wire is not None and self._wire.is_open:
            return self._wire
        if not self._is_open:
            raise ConnectionError(f"{self._name}: the connection is closed")
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._open(), name=f"connect {self._name}")
            self._opening.add_done_callback(_retrieve)
        return await asyncio.shield(self._opening)

    def drop(self, wire: W) -> None:
        """Breaks a wire; the next use connects anew."""
        wire.abort()
        self._let_go(wire)

    async def _open(self) -> W:
        if self._wire is not None:
            self.drop(self._wire)
        await asyncio.sleep(self._not_before - time.monotonic())
        wire = self._make()
        try:
            await self._connect(wire)
        except BaseException:
            self._failures += 1
            self._not_before = time.monotonic() + full_jitter(self._retry, self._failures).total_seconds()
            self.drop(wire)
            raise
        self._failures = 0
        self._wire = wire
        return wire

    def _let_go(self, wire: W) -> None:
        """Closes in the background: a server that is gone answers to nothing."""
        if wire is self._wire:
            self._wire = None
        closing = asyncio.create_task(wire.close(), name=f"close {self._name}")
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


def _retrieve(opening: asyncio.Task[object]) -> None:
    """Has a failure counted as seen that nobody waits for any more."""
    if not opening.cancelled():
        opening.exception()
