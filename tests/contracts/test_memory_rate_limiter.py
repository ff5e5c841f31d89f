"""The memory twin of the rate limiter obeys the contract of every rate limiter."""

from datetime import timedelta

import pytest

from fastapi_chassis.domain import FrozenClock
from fastapi_chassis.resilience import InMemoryRateLimiter, RateLimit
from fastapi_chassis.testing.contracts.rate_limiter import Pass, RateLimiterContract

HOUR = RateLimit(1, timedelta(hours=1))


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def limiter(clock: FrozenClock) -> InMemoryRateLimiter:
    return InMemoryRateLimiter(clock=clock)


@pytest.fixture
def time_passes(clock: FrozenClock) -> Pass:
    async def passing(by: timedelta) -> None:
        clock.advance(by)

    return passing


@pytest.mark.requirement("API-4", "TST-1")
class TestRateLimiter(RateLimiterContract):
    contract_store = "memory"


async def test_the_key_that_was_not_asked_for_longest_makes_room(clock: FrozenClock) -> None:
    limiter = InMemoryRateLimiter(clock=clock, max_keys=2)
    for key in ("a", "b", "a", "c"):
        await limiter.take(key, HOUR)
    assert [(await limiter.take(key, HOUR, cost=0)).remaining for key in "abc"] == [0, 1, 0]


async def test_what_is_back_in_the_even_flow_is_not_kept(clock: FrozenClock) -> None:
    limiter = InMemoryRateLimiter(clock=clock)
    for number in range(100):
        await limiter.take(f"visitor {number}", HOUR)
    clock.advance(timedelta(hours=1))
    await limiter.take("somebody", HOUR)
    assert len(limiter) == 1


@pytest.mark.parametrize("rate", ["7/min", "9999/s", "3/15min", "11/d"])
async def test_odd_rates_are_kept_to_the_call(clock: FrozenClock, rate: str) -> None:
    limiter, limit = InMemoryRateLimiter(clock=clock), RateLimit.of(rate)
    for _ in range(3):
        decisions = [await limiter.take("a", limit) for _ in range(limit.calls + 1)]
        assert [one.allowed for one in decisions] == [True] * limit.calls + [False]
        clock.advance(limit.period)
