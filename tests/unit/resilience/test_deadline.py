"""A deadline ends a call, and what is called meanwhile knows of it."""

import asyncio

import pytest

from fastapi_chassis.application import MessageContext, current_context, use_context
from fastapi_chassis.resilience import Deadline, DeadlineExceededException, time_left


async def forever(_: str) -> None:
    await asyncio.Event().wait()


async def left(_: str) -> float:
    found = time_left()
    assert found is not None
    return found


async def test_a_call_that_takes_too_long_is_ended() -> None:
    with pytest.raises(DeadlineExceededException):
        await Deadline(0.01)("x", forever)


async def test_what_is_called_knows_the_time_left_and_keeps_the_rest_of_the_context() -> None:
    assert time_left() is None

    async def look(_: str) -> str:
        assert 4 < (time_left() or 0) <= 5
        return current_context().correlation_id

    with use_context(MessageContext(correlation_id="c-1")):
        assert await Deadline(5)("x", look) == "c-1"
    assert time_left() is None


@pytest.mark.parametrize(("outer", "inner"), [(5, 60), (60, 5)])
async def test_the_sooner_deadline_counts(outer: float, inner: float) -> None:
    async def call(text: str) -> float:
        return await Deadline(inner)(text, left)

    assert 4 < await Deadline(outer)("x", call) <= 5


async def test_another_timeout_is_not_its_own() -> None:
    async def fail(_: str) -> None:
        raise TimeoutError("of the driver")

    with pytest.raises(TimeoutError, match="of the driver"):
        await Deadline(5)("x", fail)
