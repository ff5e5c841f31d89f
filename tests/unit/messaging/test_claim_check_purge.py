import asyncio
from datetime import timedelta

import pytest

from fastapi_chassis.messaging import ClaimCheckConfig, ClaimCheckPurge
from fastapi_chassis.testing import eventually


class Store:
    def __init__(self, payloads: int, fault: Exception | None = None) -> None:
        self.payloads = payloads
        self.limits: list[int] = []
        self.faults = [fault] if fault else []

    async def put(self, payload: bytes, keep: timedelta) -> str:
        raise NotImplementedError

    async def get(self, name: str) -> bytes | None:
        raise NotImplementedError

    async def purge(self, *, limit: int) -> int:
        if self.faults:
            raise self.faults.pop()
        self.limits.append(limit)
        gone = min(limit, self.payloads)
        self.payloads -= gone
        return gone


CONFIG = ClaimCheckConfig(purge_interval=0.01, purge_batch=10, purge_batches=3)


async def test_a_round_removes_in_bounded_steps_and_ends_when_nothing_is_left() -> None:
    store = Store(25)
    assert await ClaimCheckPurge(store, CONFIG).purge() == 25
    assert store.limits == [10, 10, 10]
    assert await ClaimCheckPurge(store, CONFIG).purge() == 0
    assert len(store.limits) == 4


async def test_a_round_has_an_end_also_where_more_is_left() -> None:
    assert await ClaimCheckPurge(Store(1_000), CONFIG).purge() == 30


@pytest.mark.requirement("MSG-15")
async def test_it_runs_on_its_timer_and_a_failure_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    store = Store(25, RuntimeError("away"))
    async with ClaimCheckPurge(store, CONFIG).running():
        await eventually(lambda: store.payloads == 0)
    assert "payloads were not purged" in caplog.text
    calls = len(store.limits)
    await asyncio.sleep(0.03)
    assert len(store.limits) == calls
