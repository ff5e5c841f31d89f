from datetime import timedelta
from time import monotonic

import pytest

from fastapi_chassis.messaging import RetryConfig
from fastapi_chassis.messaging.backoff import attempted_again, full_jitter

RETRY = RetryConfig(base=1, cap=10)


def test_the_bound_doubles_up_to_the_cap() -> None:
    for failures, bound in ((1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (10_000, 10)):
        waits = [full_jitter(RETRY, failures).total_seconds() for _ in range(300)]
        assert 0.8 * bound < max(waits) <= bound


def test_the_jitter_is_full() -> None:
    waits = [full_jitter(RETRY, 4).total_seconds() for _ in range(1_000)]
    quarters = [sum(low <= wait < low + 2 for wait in waits) for low in (0, 2, 4, 6)]
    assert min(quarters) > 150


def test_what_somebody_asked_for_is_kept() -> None:
    assert full_jitter(RETRY, 1, at_least=5) == timedelta(seconds=5)


async def test_attempts_are_made_for_ever_with_waits_between() -> None:
    begun: list[float] = []

    async def attempt() -> None:
        begun.append(monotonic())
        if len(begun) == 4:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await attempted_again(attempt, RetryConfig(base=0.02, cap=0.04))
    assert len(begun) == 4
    assert begun[-1] > begun[0]
