"""full_jitter(): how long to wait before another attempt."""

import random
from datetime import timedelta

from fastapi_chassis.messaging.config import RetryConfig

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
