import asyncio
from datetime import timedelta

import pytest

from fastapi_chassis.domain import (
    AlreadyExistsException,
    AppException,
    ConflictException,
    ForbiddenException,
    NotFoundException,
    RateLimitedException,
    UnauthenticatedException,
    UnavailableException,
    ValidationException,
)
from fastapi_chassis.messaging import DeadLetter, MessagingConfig, Retry
from fastapi_chassis.messaging.verdict import MAX_REASON, cut, is_cancelled, reason_of, verdict_on
from tests.unit.messaging.shop import quick

HOPELESS = [
    ValidationException("x"),
    NotFoundException("x"),
    AlreadyExistsException("x"),
    UnauthenticatedException("x"),
    ForbiddenException("x"),
]
HOPEFUL = [ConflictException("x"), AppException("x"), RuntimeError("x"), TimeoutError(), KeyError("x")]


@pytest.mark.parametrize("fault", HOPELESS, ids=lambda fault: type(fault).__name__)
def test_what_can_not_get_better_is_dead_at_once(fault: Exception) -> None:
    assert verdict_on(fault, 1, quick()) == DeadLetter(f"{type(fault).__name__}: x")


@pytest.mark.parametrize("fault", HOPEFUL, ids=lambda fault: type(fault).__name__)
def test_everything_else_is_tried_up_to_a_number_of_attempts(fault: Exception) -> None:
    config = quick(max_attempts=3)
    assert [type(verdict_on(fault, attempt, config)) for attempt in (1, 2, 3, 4)] == [
        Retry,
        Retry,
        DeadLetter,
        DeadLetter,
    ]


@pytest.mark.parametrize(
    "fault", [UnavailableException("x", retry_after=2), RateLimitedException("x", retry_after=2)]
)
def test_an_outage_never_kills_a_message(fault: Exception) -> None:
    config = MessagingConfig()
    verdict = verdict_on(fault, 1_000, config)
    assert isinstance(verdict, Retry)
    assert timedelta(seconds=2) <= verdict.delay <= timedelta(seconds=config.retry.cap)


def test_waits_grow_and_have_an_end() -> None:
    config = MessagingConfig(retry={"base": 1, "cap": 8}, max_attempts=1_000)
    for attempt, bound in ((1, 1), (2, 2), (4, 8), (900, 8)):
        delays = [verdict_on(RuntimeError(), attempt, config).delay.total_seconds() for _ in range(200)]
        assert max(delays) <= bound
        assert max(delays) > bound * 0.8
        assert min(delays) < bound * 0.2


@pytest.mark.requirement("MISTAKE-12")
def test_a_reason_is_short_and_shows_no_password() -> None:
    assert reason_of(RuntimeError("no postgresql://u:hunter2@db/shop")) == (
        "RuntimeError: no postgresql://u:***@db/shop"
    )
    assert reason_of(RuntimeError()) == "RuntimeError"
    assert len(reason_of(RuntimeError("ü" * 100_000)).encode()) <= MAX_REASON
    assert cut("ü" * 5_000) == "ü" * 4_096


async def test_a_cancellation_is_told_from_one_that_came_out_of_what_was_waited_for() -> None:
    async def fails() -> bool:
        try:
            raise asyncio.CancelledError
        except asyncio.CancelledError:
            return is_cancelled()

    async def waits() -> bool:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return is_cancelled()
        return False

    assert not await asyncio.create_task(fails())
    task = asyncio.create_task(waits())
    await asyncio.sleep(0)
    task.cancel()
    assert await task
