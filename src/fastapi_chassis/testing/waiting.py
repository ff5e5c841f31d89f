"""eventually: waits in a test until something holds, and says what never did."""

import asyncio
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import overload

POLL_SECONDS = 0.005


@overload
async def eventually[T](condition: Callable[[], Awaitable[T | None]], *, within: float = 30.0) -> T: ...
@overload
async def eventually[T](condition: Callable[[], T | None], *, within: float = 30.0) -> T: ...
async def eventually(condition: Callable[[], object], *, within: float = 30.0) -> object:
    """Asks every few milliseconds until the answer is true, and returns the answer.

    Args:
        condition: what is asked; it may be async. An exception of its own ends the wait.
        within: seconds that it may take: many, for a busy machine; a quick one doesn't use them.

    Raises:
        AssertionError: the time is over; tells what was asked and the last answer.
    """
    answer: object = None
    time_limit = asyncio.timeout(within)
    try:
        async with time_limit:
            while True:
                given = condition()
                answer = await given if isawaitable(given) else given
                if answer:
                    return answer
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        if not time_limit.expired():
            raise
    asked = getattr(condition, "__qualname__", repr(condition))
    raise AssertionError(f"waited {within:g} s for {asked}; the last answer was {answer!r}")
