"""What every rate limiter promises: never more than the limit, an even flow after it, and honest figures."""

# ruff: noqa: D102 - a test says what it checks by its name

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from fastapi_chassis.domain import RateLimitedException, new_id
from fastapi_chassis.resilience import RateLimit, RateLimiter, RateLimitPolicy

type Pass = Callable[[timedelta], Awaitable[None]]

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
SLOW = RateLimit(3, DAY)
QUICK = RateLimit(4, 2 * SECOND)


async def passed(limiter: RateLimiter, key: str, limit: RateLimit, times: int) -> int:
    """Counts how many of so many calls pass, one after another."""
    return sum([(await limiter.take(key, limit)).allowed for _ in range(times)])


class RateLimiterContract:
    """Derive, and supply the fixtures `limiter` and `time_passes`: a coroutine function of a timedelta."""

    @pytest.fixture
    def key(self) -> str:
        return f"contract:{new_id()}"

    async def test_as_many_pass_as_the_limit_says(self, limiter: RateLimiter, key: str) -> None:
        decisions = [await limiter.take(key, SLOW) for _ in range(5)]
        assert [one.allowed for one in decisions] == [True, True, True, False, False]
        assert [one.remaining for one in decisions] == [2, 1, 0, 0, 0]
        assert {one.limit for one in decisions} == {SLOW}

    async def test_it_tells_when_to_come_again(self, limiter: RateLimiter, key: str) -> None:
        first = await limiter.take(key, SLOW)
        for _ in range(2):
            await limiter.take(key, SLOW)
        refused = await limiter.take(key, SLOW)
        assert first.retry_after == 0
        assert first.reset_after == pytest.approx(8 * 3_600, abs=5)
        assert refused.retry_after == pytest.approx(8 * 3_600, abs=5)
        assert refused.reset_after == pytest.approx(24 * 3_600, abs=5)

    async def test_keys_are_counted_apart(self, limiter: RateLimiter, key: str) -> None:
        assert await passed(limiter, key, SLOW, 4) == 3
        assert await passed(limiter, f"{key}:other", SLOW, 4) == 3

    async def test_keys_may_hold_any_text(self, limiter: RateLimiter, key: str) -> None:
        for odd in ("", " ", "\N{SNOWMAN}", "{a}", "*", "a\nb", "\x00", "\ud800", "x" * 1_000):
            assert await passed(limiter, f"{key}{odd}", SLOW, 4) == 3, ascii(odd)

    async def test_of_many_at_once_exactly_the_limit_pass(self, limiter: RateLimiter, key: str) -> None:
        limit = RateLimit(100, DAY)
        decisions = await asyncio.gather(*(limiter.take(key, limit) for _ in range(200)))
        assert sum(one.allowed for one in decisions) == 100
        assert sorted(one.remaining for one in decisions if one.allowed) == list(range(100))

    async def test_one_more_passes_with_every_interval(
        self, limiter: RateLimiter, key: str, time_passes: Pass
    ) -> None:
        assert await passed(limiter, key, QUICK, 5) == 4
        await time_passes(0.6 * SECOND)
        assert await passed(limiter, key, QUICK, 3) == 1

    async def test_after_its_time_all_of_them_pass(
        self, limiter: RateLimiter, key: str, time_passes: Pass
    ) -> None:
        await passed(limiter, key, QUICK, 4)
        await time_passes(2 * SECOND)
        assert await passed(limiter, key, QUICK, 4) == 4

    async def test_what_is_refused_costs_nothing(
        self, limiter: RateLimiter, key: str, time_passes: Pass
    ) -> None:
        await passed(limiter, key, QUICK, 20)
        await time_passes(0.6 * SECOND)
        assert (await limiter.take(key, QUICK)).allowed

    async def test_a_burst_bounds_what_comes_at_once(
        self, limiter: RateLimiter, key: str, time_passes: Pass
    ) -> None:
        limit = RateLimit(60, 30 * SECOND, burst=2)
        assert await passed(limiter, key, limit, 5) == 2
        await time_passes(0.6 * SECOND)
        assert await passed(limiter, key, limit, 5) == 1

    async def test_a_call_may_count_for_several(self, limiter: RateLimiter, key: str) -> None:
        limit = RateLimit(10, DAY)
        assert (await limiter.take(key, limit, cost=7)).remaining == 3
        refused = await limiter.take(key, limit, cost=4)
        assert (refused.allowed, refused.remaining) == (False, 3)
        assert refused.retry_after == pytest.approx(24 * 360, abs=5)
        assert (await limiter.take(key, limit, cost=3)).allowed

    async def test_it_may_only_be_looked_at(self, limiter: RateLimiter, key: str) -> None:
        await limiter.take(key, SLOW)
        looks = [(await limiter.take(key, SLOW, cost=0)).remaining for _ in range(5)]
        assert looks == [2] * 5

    @pytest.mark.parametrize("cost", [-1, 4])
    async def test_what_can_never_be_paid_is_refused(self, limiter: RateLimiter, key: str, cost: int) -> None:
        with pytest.raises(ValueError, match="between 0 and 3"):
            await limiter.take(key, SLOW, cost=cost)
        assert await passed(limiter, key, SLOW, 4) == 3

    async def test_forgotten_calls_count_no_more(self, limiter: RateLimiter, key: str) -> None:
        await passed(limiter, key, SLOW, 3)
        await limiter.forget(key)
        await limiter.forget(f"{key}:never seen")
        assert await passed(limiter, key, SLOW, 4) == 3

    async def test_another_limit_counts_from_now_on(self, limiter: RateLimiter, key: str) -> None:
        await passed(limiter, key, SLOW, 3)
        refused = await limiter.take(key, QUICK)
        assert not refused.allowed
        assert refused.retry_after <= 0.5

    async def test_as_a_policy_it_refuses_what_is_too_much(self, limiter: RateLimiter, key: str) -> None:
        async def answer(message: str) -> str:
            return message.upper()

        policy = RateLimitPolicy(limiter, SLOW, lambda message: f"{key}:{message}")
        assert [await policy("a", answer) for _ in range(3)] == ["A"] * 3
        with pytest.raises(RateLimitedException) as refused:
            await policy("a", answer)
        assert refused.value.retry_after == pytest.approx(8 * 3_600, abs=5)
        assert await policy("b", answer) == "B"
