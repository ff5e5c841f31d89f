"""ClaimCheckPurge: removes payloads whose time is over, in bounded steps."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi_chassis.messaging.claim_check import ClaimCheckStore
from fastapi_chassis.messaging.config import ClaimCheckConfig

_log = logging.getLogger("fastapi_chassis.messaging.claim_check")


class ClaimCheckPurge:
    """Purges on its own timer.

    Args:
        store: where payloads are kept.
        config: the bounds.
    """

    def __init__(self, store: ClaimCheckStore, config: ClaimCheckConfig | None = None) -> None:
        self._store = store
        self._config = config or ClaimCheckConfig()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ClaimCheckPurge"]:
        """Runs for the length of a block."""
        loop = asyncio.create_task(self._run(), name="claim check purge")
        try:
            yield self
        finally:
            loop.cancel()
            with suppress(asyncio.CancelledError):
                await loop

    async def purge(self) -> int:
        """Runs one round and returns how many payloads it removed."""
        config, removed = self._config, 0
        for _ in range(config.purge_batches):
            batch = await self._store.purge(limit=config.purge_batch)
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
                _log.exception("payloads were not purged; the next round will")
