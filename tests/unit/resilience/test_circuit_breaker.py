"""A breaker opens after failures in a row, and closes after a probe that succeeds."""

import asyncio

import pytest

from fastapi_chassis.domain import NotFoundException
from fastapi_chassis.resilience import CircuitBreaker, CircuitOpenException, CircuitStateEnum, CircuitStats

CLOSED, OPEN, HALF_OPEN = CircuitStateEnum


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breaker(time: Time) -> CircuitBreaker:
    return CircuitBreaker("catalogue", failures=3, reset_after=30, now=time)


async def succeed(text: str) -> str:
    return text


async def away(_: str) -> str:
    raise ConnectionError


async def missing(_: str) -> str:
    raise NotFoundException("no such book")


async def fail(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        with pytest.raises(ConnectionError):
            await breaker("x", away)


async def test_it_opens_after_failures_in_a_row(breaker: CircuitBreaker, time: Time) -> None:
    await fail(breaker, 2)
    assert await breaker("x", succeed) == "x"
    await fail(breaker, 2)
    assert breaker.state is CLOSED
    await fail(breaker, 1)
    assert breaker.state is OPEN
    time.now += 10
    with pytest.raises(CircuitOpenException) as refused:
        await breaker("x", succeed)
    assert refused.value.retry_after == 20
    assert breaker.stats() == CircuitStats(OPEN, failures=3, opened=1, refused=1)


@pytest.mark.requirement("MISTAKE-4")
async def test_an_answer_that_nobody_likes_is_no_failure(breaker: CircuitBreaker) -> None:
    for _ in range(10):
        with pytest.raises(NotFoundException):
            await breaker("x", missing)
    assert breaker.state is CLOSED


@pytest.mark.requirement("MISTAKE-4")
async def test_an_answer_ends_a_row_of_failures(breaker: CircuitBreaker) -> None:
    for _ in range(3):
        await fail(breaker, 2)
        with pytest.raises(NotFoundException):
            await breaker("x", missing)
    assert breaker.state is CLOSED


async def test_one_probe_decides(breaker: CircuitBreaker, time: Time) -> None:
    await fail(breaker, 3)
    time.now += 30
    assert breaker.state is HALF_OPEN
    await fail(breaker, 1)
    assert breaker.state is OPEN
    time.now += 30
    assert await breaker("x", succeed) == "x"
    assert breaker.state is CLOSED
    await fail(breaker, 2)
    assert breaker.state is CLOSED


async def test_while_a_probe_is_under_way_others_are_refused(breaker: CircuitBreaker, time: Time) -> None:
    going = asyncio.Event()

    async def slow(text: str) -> str:
        await going.wait()
        return text

    await fail(breaker, 3)
    time.now += 30
    probe = asyncio.create_task(breaker("x", slow))
    await asyncio.sleep(0)
    with pytest.raises(CircuitOpenException):
        await breaker("x", succeed)
    going.set()
    assert await probe == "x"
    assert breaker.state is CLOSED


async def test_a_cancelled_probe_makes_room_for_another(breaker: CircuitBreaker, time: Time) -> None:
    async def forever(_: str) -> str:
        await asyncio.Event().wait()
        return ""

    await fail(breaker, 3)
    time.now += 30
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(breaker("x", forever), 0.01)
    assert await breaker("x", succeed) == "x"


async def test_a_late_success_from_before_does_not_close_it(breaker: CircuitBreaker) -> None:
    going = asyncio.Event()

    async def slow(text: str) -> str:
        await going.wait()
        return text

    early = asyncio.create_task(breaker("x", slow))
    await asyncio.sleep(0)
    await fail(breaker, 3)
    going.set()
    await early
    assert breaker.state is OPEN


async def test_it_can_be_reset(breaker: CircuitBreaker) -> None:
    await fail(breaker, 3)
    breaker.reset()
    assert await breaker("x", succeed) == "x"
    assert breaker.stats() == CircuitStats(CLOSED, failures=0, opened=1, refused=0)
