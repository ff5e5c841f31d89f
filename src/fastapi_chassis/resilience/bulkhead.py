"""Bulkhead: a bound on how many calls run at once, so that one slow neighbour doesn't take all there is."""

import asyncio

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.resilience.policy import Next


class BulkheadFullException(UnavailableException):
    """The call was not made, because too many are under way."""

    error_code = "BULKHEAD_FULL"


class Bulkhead:
    """Lets a number of calls run at once and some more wait; refuses the rest at once.

    Args:
        name: what is called, for the error.
        running: how many calls may run at once.
        waiting: how many may wait.
        wait: seconds that a call may wait.
    """

    def __init__(self, name: str, *, running: int = 20, waiting: int = 100, wait: float = 1.0) -> None:
        self._name = name
        self._places = asyncio.Semaphore(running)
        self._most_waiting = waiting
        self._waiting = 0
        self._wait = wait

    async def __call__[M, R](self, message: M, next: Next[M, R], /) -> R:  # noqa: A002 - its name everywhere
        """Awaits a place, then the rest.

        Raises:
            BulkheadFullException: there was no place in time.
        """
        await self._take_place()
        try:
            return await next(message)
        finally:
            self._places.release()

    async def _take_place(self) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        if self._waiting >= self._most_waiting:
            raise self._full()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait):
                await self._places.acquire()
        except TimeoutError as late:
            raise self._full() from late
        finally:
            self._waiting -= 1

    def _full(self) -> BulkheadFullException:
        return BulkheadFullException(f"too many calls of {self._name} are under way", retry_after=self._wait)
