from datetime import UTC, datetime, timedelta

import pytest

from fastapi_chassis.domain import Clock, FrozenClock, SystemClock

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def test_the_system_clock_tells_the_time_in_utc() -> None:
    clock: Clock = SystemClock()
    before = datetime.now(UTC)
    assert before <= clock.now() <= datetime.now(UTC)
    assert clock.now().utcoffset() == timedelta(0)


def test_a_frozen_clock_stands_still_until_it_is_moved() -> None:
    clock = FrozenClock(NOON)
    assert clock.now() == clock.now() == NOON
    assert clock.advance(timedelta(hours=1)) == clock.now() == NOON + timedelta(hours=1)


def test_a_frozen_clock_begins_now_and_in_utc() -> None:
    assert abs(FrozenClock().now() - datetime.now(UTC)) < timedelta(seconds=10)
    assert FrozenClock(NOON.replace(tzinfo=None)).now() == NOON


def test_a_clock_never_goes_back() -> None:
    clock = FrozenClock(NOON)
    with pytest.raises(ValueError, match="back"):
        clock.advance(timedelta(seconds=-1))
    assert clock.now() == NOON
