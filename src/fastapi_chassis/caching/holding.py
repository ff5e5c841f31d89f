"""hold(): runs a block under a lock, renews the lock meanwhile, and ends the block if it is lost."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from fastapi_chassis.caching.lock import Lock
from fastapi_chassis.domain import UnavailableException

_log = logging.getLogger("fastapi_chassis.caching")
_LONGEST_PAUSE = 0.25


class LockedException(UnavailableException):
    """Somebody else holds the lock, and the block was not entered."""

    error_code = "LOCKED"


class LockLostException(UnavailableException):
    """The lock was lost while the block ran, and the block was cancelled."""

    error_code = "LOCK_LOST"


@dataclass(frozen=True, slots=True)
class Held:
    """A name that is held.

    Args:
        name: what is held.
        token: the fence: write it along, and refuse writes with a smaller one.
    """

    name: str
    token: int


@asynccontextmanager
async def hold(
    lock: Lock, name: str, *, ttl: timedelta = timedelta(seconds=10), wait: timedelta = timedelta(0)
) -> AsyncIterator[Held]:
    """Enters the block only with the lock, holds it as long as the block runs, and gives it back.

    Args:
        lock: where the name is held.
        name: what one worker at a time may do.
        ttl: how soon others may take over if this process dies.
        wait: how long to wait for another holder.

    Raises:
        LockedException: somebody else holds the lock after the wait.
        LockLostException: the lock was lost while the block ran.
    """
    token, good_until = await _acquired(lock, name, ttl, wait)
    keeper = _Keeper(lock, Held(name, token), ttl)
    keeping = asyncio.create_task(keeper.keep(asyncio.current_task(), good_until), name=f"lock {name}")
    lost = LockLostException(f"the lock {name} was lost", retry_after=1)
    try:
        yield Held(name, token)
    except asyncio.CancelledError:
        if keeper.takes_its_cancellation_back():
            raise lost from None
        raise
    else:
        if keeper.takes_its_cancellation_back():
            raise lost
    finally:
        keeper.takes_its_cancellation_back()
        keeping.cancel()
        if not keeper.is_lost:
            await _released(lock, name, token, ttl)


async def _acquired(lock: Lock, name: str, ttl: timedelta, wait: timedelta) -> tuple[int, float]:
    """Returns the token, and the time of the event loop until which it is good at least."""
    loop = asyncio.get_running_loop()
    until = loop.time() + wait.total_seconds()
    pause = 0.01
    while True:
        began = loop.time()
        token = await lock.acquire(name, ttl=ttl)
        if token is not None:
            return token, began + ttl.total_seconds()
        left = until - loop.time()
        if left <= 0:
            raise LockedException(f"{name} is locked", retry_after=ttl.total_seconds())
        await asyncio.sleep(min(left, pause * random.uniform(0.5, 1)))  # noqa: S311 - spreads attempts
        pause = min(pause * 2, _LONGEST_PAUSE)


async def _released(lock: Lock, name: str, token: int, ttl: timedelta) -> None:
    try:
        async with asyncio.timeout(ttl.total_seconds()):
            await lock.release(name, token)
    except Exception:  # noqa: BLE001 - the block's own outcome counts, and the lock ends by itself
        _log.exception("the lock %s was not given back; it ends by itself", name)


class _Keeper:
    """Renews a lock at a third of its time to live, and cancels the block when the lock is lost."""

    def __init__(self, lock: Lock, held: Held, ttl: timedelta) -> None:
        self._lock = lock
        self._held = held
        self._ttl = ttl
        self._cancelled: asyncio.Task[object] | None = None
        self._cancellations = 0
        self.is_lost = False

    async def keep(self, block: asyncio.Task[object] | None, good_until: float) -> None:
        loop = asyncio.get_running_loop()
        span = self._ttl.total_seconds()
        while not self.is_lost:
            await asyncio.sleep(span / 3)
            began = loop.time()
            if await self._renewed(good_until - began):
                good_until = began + span
            elif loop.time() >= good_until:
                self.is_lost = True
        _log.error("the lock %s was lost", self._held.name)
        if block is not None:
            self._cancelled, self._cancellations = block, block.cancelling()
            block.cancel()

    async def _renewed(self, limit: float) -> bool:
        try:
            async with asyncio.timeout(limit):
                is_held = await self._lock.renew(self._held.name, self._held.token, ttl=self._ttl)
        except Exception as fault:  # noqa: BLE001 - the lock may be reachable again before it ends
            _log.warning("the lock %s was not renewed: %s", self._held.name, type(fault).__name__)
            return False
        self.is_lost = not is_held
        return is_held

    def takes_its_cancellation_back(self) -> bool:
        """Whether it had cancelled the block, and nobody else has."""
        block, self._cancelled = self._cancelled, None
        return block is not None and block.uncancel() <= self._cancellations
