import asyncio

import pytest

from fastapi_chassis.messaging import Purge, PurgeConfig
from fastapi_chassis.testing import eventually


class Rows:
    def __init__(self, rows: int, fault: Exception | None = None) -> None:
        self.rows = rows
        self.limits: list[int] = []
        self.faults = [fault] if fault else []

    async def remove(self, *, limit: int) -> int:
        if self.faults:
            raise self.faults.pop()
        self.limits.append(limit)
        gone = min(limit, self.rows)
        self.rows -= gone
        return gone


CONFIG = PurgeConfig(purge_interval=0.01, purge_batch=10, purge_batches=3)


@pytest.mark.requirement("MSG-13")
async def test_a_round_removes_in_bounded_steps_and_ends_when_nothing_is_left() -> None:
    rows = Rows(25)
    assert await Purge("rows", rows.remove, CONFIG).purge() == 25
    assert rows.limits == [10, 10, 10]
    assert await Purge("rows", rows.remove, CONFIG).purge() == 0
    assert len(rows.limits) == 4


@pytest.mark.requirement("MSG-13")
async def test_a_round_has_an_end_also_where_more_is_left() -> None:
    assert await Purge("rows", Rows(1_000).remove, CONFIG).purge() == 30


async def test_it_runs_on_its_timer_and_a_failure_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    rows = Rows(25, RuntimeError("away"))
    async with Purge("rows", rows.remove, CONFIG).running():
        await eventually(lambda: not rows.rows)
    assert "the purge of rows failed" in caplog.text
    calls = len(rows.limits)
    await asyncio.sleep(0.03)
    assert len(rows.limits) == calls
