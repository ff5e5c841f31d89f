"""Another attempt, as long as there is hope, time and budget."""

import asyncio
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from fastapi_chassis.domain import NotFoundException, RateLimitedException, UnavailableException
from fastapi_chassis.resilience import Deadline, Retry, RetryBudget, RetryPolicy


class Flaky:
    """Fails with the given faults, one per call, then answers."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.calls = 0

    async def __call__(self, text: str) -> str:
        self.calls += 1
        if self.faults:
            raise self.faults.pop(0)
        return text


@pytest.fixture
def pauses() -> Iterator[list[float]]:
    """The pauses, which no test waits for."""
    seen: list[float] = []

    async def pause(seconds: float) -> None:
        seen.append(seconds)

    with patch("fastapi_chassis.resilience.retry.asyncio.sleep", pause):
        yield seen


async def test_it_tries_until_it_succeeds(pauses: list[float]) -> None:
    call = Flaky(ConnectionError(), UnavailableException("x"))
    assert await RetryPolicy(Retry(attempts=3))("x", call) == "x"
    assert (call.calls, len(pauses)) == (3, 2)


async def test_the_last_failure_is_raised(pauses: list[float]) -> None:
    call = Flaky(ConnectionError("1"), ConnectionError("2"), ConnectionError("3"))
    with pytest.raises(ConnectionError, match="2"):
        await RetryPolicy(Retry(attempts=2))("x", call)
    assert len(pauses) == 1


async def test_what_will_not_pass_is_not_tried_again(pauses: list[float]) -> None:
    call = Flaky(NotFoundException("x"))
    with pytest.raises(NotFoundException):
        await RetryPolicy(Retry())("x", call)
    assert (call.calls, pauses) == (1, [])


async def test_which_failures_may_pass_can_be_said(pauses: list[float]) -> None:
    policy = RetryPolicy(Retry(), retries=lambda fault: isinstance(fault, KeyError))
    assert await policy("x", Flaky(KeyError())) == "x"


async def test_it_waits_as_long_as_it_was_asked_to(pauses: list[float]) -> None:
    await RetryPolicy(Retry(base=0.5))("x", Flaky(RateLimitedException("x", retry_after=7)))
    assert 7 <= pauses[0] <= 7.5


async def test_it_gives_up_when_asked_to_wait_beyond_the_cap(pauses: list[float]) -> None:
    with pytest.raises(UnavailableException):
        await RetryPolicy(Retry(cap=5))("x", Flaky(UnavailableException("x", retry_after=3600)))
    assert pauses == []


async def test_a_pause_never_outlasts_the_deadline(pauses: list[float]) -> None:
    policy, call = RetryPolicy(Retry(cap=60)), Flaky(UnavailableException("x", retry_after=30))

    async def retried(text: str) -> str:
        return await policy(text, call)

    with pytest.raises(UnavailableException):
        await Deadline(5)("x", retried)
    assert (call.calls, pauses) == (1, [])


async def test_a_cancellation_is_not_tried_again() -> None:
    async def cancelled(_: str) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await RetryPolicy(Retry())("x", cancelled)


async def test_retries_stay_within_the_budget(pauses: list[float]) -> None:
    budget = RetryBudget(ratio=0.1, reserve=2)
    policy = RetryPolicy(Retry(attempts=2), budget=budget)
    for _ in range(100):
        with pytest.raises(ConnectionError):
            await policy("x", Flaky(ConnectionError(), ConnectionError()))
    assert 10 <= len(pauses) <= 13


def test_pauses_have_full_jitter_under_a_doubling_bound() -> None:
    retry = Retry(attempts=9, base=1, cap=8)
    for failures, bound in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (10_000, 8)]:
        drawn = [retry.pause(failures) for _ in range(200)]
        assert 0 <= min(drawn) < bound * 0.2
        assert bound * 0.8 < max(drawn) <= bound


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"base": -1}, {"base": 2, "cap": 1}])
def test_impossible_settings_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1 attempt"):
        Retry(**wrong)
