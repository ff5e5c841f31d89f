"""DeadLetterPurge: removes records whose time is over, in bounded steps."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from fastapi_chassis.messaging.config import DeadLetterConfig
from fastapi_chassis.messaging.dead_letters import DeadLetterStore

_log = logging.getLogger("fastapi_chassis.messaging.dead_letters")


class DeadLetterPurge:
    """Purges on its own timer.

    Args:
        store: where dead letters are kept.
        config: the retention and the bounds.
    """

    def __init__(self, store: DeadLetterStore, config: DeadLetterConfig | None = None) -> None:
        self._store = store
        self._config = config or DeadLetterConfig()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["DeadLetterPurge"]:
        """Runs for the length of a block."""
        loop = asyncio.create_task(self._run(), name="dead letter purge")
        try:
            yield self
        finally:
            loop.cancel()
            with suppress(asyncio.CancelledError):
                await loop

    async def purge(self) -> int:
        """Runs one round and returns how many records it removed."""
        config, removed = self._config, 0
        for _ in range(config.purge_batches):
            batch = await self._store.purge(timedelta(seconds=config.retention), limit=config.purge_batch)
            removed += batch
            if batch < config.purge_batch:
                break
        return removed

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._config.purge_interval)
            try:
                if removed := await self.purge():
                    _log.warning("%d dead letters were removed: their time was over", removed)
            except Exception:  # noqa: BLE001 - logged, and the timer goes on
                _log.exception("the dead letters were not purged; the next round will")
