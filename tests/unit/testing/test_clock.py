from datetime import UTC, datetime, timedelta

import pytest

from fastapi_chassis.testing import SteppingClock

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.requirement("TST-2")
async def test_it_stands_until_it_is_moved_and_the_followers_are_done_by_then():
    clock, followed = SteppingClock(START), []

    async def settled() -> None:
        followed.append(clock.now())

    clock.follow(settled)
    assert clock.now() == clock.frozen.now() == START
    assert await clock.advance(days=7, minutes=1) == START + timedelta(days=7, minutes=1)
    assert await clock.advance(timedelta(hours=1), seconds=1) == clock.now()
    assert followed == [START + timedelta(days=7, minutes=1), clock.now()]


async def test_it_never_goes_back():
    with pytest.raises(ValueError, match="never goes back"):
        await SteppingClock(START).advance(days=-1)
