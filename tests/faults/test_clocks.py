"""A process whose time of day is off by an hour: every wall clock says so, and no other clock does."""

import time
from datetime import UTC, datetime
from multiprocessing.queues import SimpleQueue
from time import time as known_before

import pytest

from fastapi_chassis.domain import SystemClock, new_id
from tests.faults.clocks import skew
from tests.faults.rig import forks

HOUR = 3_600.0


def readings() -> list[float]:
    return [
        time.time(),
        known_before(),
        time.time_ns() / 1e9,
        SystemClock().now().timestamp(),
        datetime.now(UTC).timestamp(),
        datetime.now().timestamp(),  # noqa: DTZ005 - a clock without zone is skewed as well
        (new_id().int >> 80) / 1e3,
    ]


def tell(seconds: float, said: "SimpleQueue[tuple[list[float], float]]") -> None:
    skew(seconds)
    said.put((readings(), time.monotonic()))


@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
def test_every_wall_clock_is_off_and_what_counts_seconds_is_not(seconds: float) -> None:
    context = forks()
    said: SimpleQueue[tuple[list[float], float]] = context.SimpleQueue()
    process = context.Process(target=tell, args=(seconds, said))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    skewed, monotonic = said.get()
    assert [one - time.time() for one in skewed] == [pytest.approx(seconds, abs=60)] * 7
    assert abs(monotonic - time.monotonic()) < 60
    assert [one - time.time() for one in readings()] == [pytest.approx(0, abs=60)] * 7
