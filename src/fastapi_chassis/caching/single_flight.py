"""SingleFlight: of many callers at once one works, and the others get what it found."""

import asyncio
from collections.abc import Awaitable, Callable, Collection


class _LeftError(Exception):
    """Who worked was cancelled."""


class SingleFlight[T]:
    """Work by key, at most once at a time in this process."""

    def __init__(self) -> None:
        self._running: dict[str, tuple[asyncio.Future[T], frozenset[str]]] = {}

    def is_running(self, key: str) -> bool:
        """Whether somebody works on a key."""
        return key in self._running

    async def run(self, key: str, work: Callable[[], Awaitable[T]], *, tags: Collection[str] = ()) -> T:
        """Does work, or waits for who does it already, and returns the result.

        A failure is everybody's; where the one who works is cancelled, another one begins.

        Args:
            key: what is worked on.
            work: how.
            tags: what it depends on; see `forget`.
        """
        while (running := self._running.get(key)) is not None:
            try:
                return await asyncio.shield(running[0])
            except _LeftError:
                continue
        outcome = asyncio.get_running_loop().create_future()
        mine = self._running[key] = (outcome, frozenset(tags))
        try:
            result = await work()
        except BaseException as fault:
            outcome.set_exception(_LeftError() if isinstance(fault, asyncio.CancelledError) else fault)
            outcome.exception()  # nobody may wait for it
            raise
        else:
            outcome.set_result(result)
            return result
        finally:
            if self._running.get(key) is mine:
                del self._running[key]

    def forget(self, keys: Collection[str], tags: Collection[str]) -> None:
        """Lets callers from now on begin anew, because what is being worked on is out of date."""
        for key, (_, depends_on) in list(self._running.items()):
            if key in keys or not depends_on.isdisjoint(tags):
                del self._running[key]
