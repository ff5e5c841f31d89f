"""full_jitter(): how long to wait before another attempt; attempted_again() waits so for ever."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from time import monotonic
from typing import Final, Never

from fastapi_chassis.messaging.config import RetryConfig

AGAIN: Final = RetryConfig(base=0.2, cap=5)  # of what nobody has set otherwise

_DOUBLINGS = 32  # more would only overflow


def full_jitter(retry: RetryConfig, failures: int, *, at_least: float = 0.0) -> timedelta:
    """Draws a wait between nothing and a bound that doubles with every failure.

    Args:
        retry: first bound and last.
        failures: how often it failed, from 1.
        at_least: seconds that somebody asked for.
    """
    bound = min(retry.cap, retry.base * 2 ** min(failures - 1, _DOUBLINGS))
    return timedelta(seconds=max(at_least, random.uniform(0, bound)))  # noqa: S311 - spreads load, hides nothing


async def attempted_again(attempt: Callable[[], Awaitable[None]], retry: RetryConfig = AGAIN) -> Never:
    """Attempts for ever; after one that lasted, the waits begin anew."""
    failures = 0
    while True:
        begun = monotonic()
        await attempt()
        failures = 1 if monotonic() - begun > retry.cap else failures + 1
        await asyncio.sleep(full_jitter(retry, failures).total_seconds())
