"""InboxPurge: forgets what the inbox need not remember any more, in bounded steps."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi_chassis.messaging.config import InboxConfig
from fastapi_chassis.messaging.inbox import InboxStore

_log = logging.getLogger("fastapi_chassis.messaging.maintenance")


class InboxPurge:
    """Purges on its own timer.

    Args:
        inbox: the inbox as maintenance sees it: each call is its own transaction.
        config: the window and the bounds.
    """

    def __init__(self, inbox: InboxStore, config: InboxConfig | None = None) -> None:
        self._inbox = inbox
        self._config = config or InboxConfig()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["InboxPurge"]:
        """Runs for the length of a block."""
        loop = asyncio.create_task(self._run(), name="inbox purge")
        try:
            yield self
        finally:
            loop.cancel()
            with suppress(asyncio.CancelledError):
                await loop

    async def purge(self) -> int:
        """Runs one round and returns how many messages it forgot."""
        config, forgotten = self._config, 0
        for _ in range(config.purge_batches):
            batch = await self._inbox.purge(config.remembered, limit=config.purge_batch)
            forgotten += batch
            if batch < config.purge_batch:
                break
        return forgotten

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._config.purge_interval)
            try:
                await self.purge()
            except Exception:  # noqa: BLE001 - logged, and the timer goes on
                _log.exception("the inbox was not purged; the next round will")
