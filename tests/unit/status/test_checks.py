"""A check answers, fails or hangs; each is a finding."""

import asyncio

import pytest

from fastapi_chassis.status import Component, HealthStatusEnum, healthy
from fastapi_chassis.status.checks import found_by, shown_detail


async def test_an_answer_is_the_finding() -> None:
    async def check() -> Component:
        return healthy("a", "fine")

    found = await found_by(check, "a", 1)
    assert (found.status, found.detail) == (HealthStatusEnum.HEALTHY, "fine")


@pytest.mark.requirement("STA-1")
async def test_a_check_that_hangs_is_unhealthy_after_its_time_out() -> None:
    async def check() -> Component:
        await asyncio.Event().wait()
        return healthy("a")

    found = await asyncio.wait_for(found_by(check, "a", 0.01), 5)
    assert (found.name, found.status, found.detail) == (
        "a",
        HealthStatusEnum.UNHEALTHY,
        "no answer within 0.01 s",
    )


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        (ConnectionError("refused"), "ConnectionError: refused"),
        (TimeoutError("its own"), "TimeoutError: its own"),
    ],
)
async def test_a_check_that_fails_is_unhealthy(fault: Exception, detail: str) -> None:
    async def check() -> Component:
        raise fault

    found = await found_by(check, "a", 1)
    assert (found.status, found.detail) == (HealthStatusEnum.UNHEALTHY, detail)


async def test_cancelling_is_no_finding() -> None:
    async def check() -> Component:
        await asyncio.Event().wait()
        return healthy("a")

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(found_by(check, "a", 60), 0.01)


async def test_a_check_that_cancels_itself_does_not_end_the_checks() -> None:
    async def check() -> Component:
        raise asyncio.CancelledError

    assert (await found_by(check, "a", 1)).status is HealthStatusEnum.UNHEALTHY


def test_details_hold_no_secret_and_have_an_end() -> None:
    assert "hunter2" not in shown_detail("can't reach redis://app:hunter2@cache:6379")
    assert len(shown_detail("x" * 10_000)) == 500
