"""Purge: removes what is not needed any more, in bounded steps."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from fastapi_chassis.messaging.config import PurgeConfig

_log = logging.getLogger("fastapi_chassis.messaging.purge")


class Removal(Protocol):
    """Removes what is not needed any more, in a transaction of its own."""

    async def __call__(self, *, limit: int) -> int:
        """Removes at most so many, and returns how many."""
        ...


class Purge:
    """Purges on its own timer.

    Args:
        what: is removed, such as `the inbox`.
        remove: does one step.
        config: the bounds.
    """

    def __init__(self, what: str, remove: Removal, config: PurgeConfig) -> None:
        self._what = what
        self._remove = remove
        self._config = config

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Purge"]:
        """Runs for the length of a block."""
        loop = asyncio.create_task(self._run(), name=f"purge of {self._what}")
        try:
            yield self
        finally:
            loop.cancel()
            with suppress(asyncio.CancelledError):
                await loop

    async def purge(self) -> int:
        """Runs one round and returns how many it removed."""
        config, removed = self._config, 0
        for _ in range(config.purge_batches):
            batch = await self._remove(limit=config.purge_batch)
            removed += batch
            if batch < config.purge_batch:
                break
        return removed

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._config.purge_interval)
            try:
                await self.purge()
            except Exception:  # noqa: BLE001 - logged, and the timer goes on
                _log.exception("the purge of %s failed; the next round will do it", self._what)
