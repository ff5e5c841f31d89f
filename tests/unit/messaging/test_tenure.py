"""A tenure is renewed in time, gives back its surplus when that is free, and ends when it may have ended."""

import asyncio
from datetime import timedelta

from fastapi_chassis.application import MemorySession, MemoryStore
from fastapi_chassis.messaging import PARTITIONS, InMemoryLeases, RelayConfig
from fastapi_chassis.messaging.tenure import Tenure
from tests.unit.messaging.test_relay import until


class Case:
    def __init__(self, lease: float) -> None:
        self.leases = InMemoryLeases(MemorySession(MemoryStore()))
        self.in_use: set[int] = set()
        self.changes = 0
        config = RelayConfig(lease=lease)
        self.tenure = Tenure(self.leases, "me", config, in_use=lambda: self.in_use, changed=self._note)

    def _note(self) -> None:
        self.changes += 1


async def test_it_is_renewed_until_it_is_ended() -> None:
    case = Case(lease=0.2)
    assert case.tenure.tokens == {}
    running = asyncio.create_task(case.tenure.run())
    await until(lambda: case.tenure.is_whole)
    for _ in range(5):
        await asyncio.sleep(0.1)
        assert case.tenure.is_whole
    assert case.changes == 1
    running.cancel()
    await case.tenure.end()
    assert case.tenure.tokens == {}
    assert len((await case.leases.hold("next", timedelta(seconds=1))).tokens) == PARTITIONS


async def test_one_that_was_not_renewed_in_time_counts_as_ended() -> None:
    case = Case(lease=0.1)
    running = asyncio.create_task(case.tenure.run())
    await until(lambda: case.tenure.is_whole)
    running.cancel()
    await asyncio.sleep(0.12)
    assert case.tenure.tokens == {}


async def test_surplus_is_given_back_once_it_is_not_in_use() -> None:
    case = Case(lease=0.4)
    running = asyncio.create_task(case.tenure.run())
    await until(lambda: case.tenure.is_whole)
    case.in_use = {PARTITIONS - 1}
    second = asyncio.create_task(_hold(case.leases, "other"))
    await until(lambda: len(case.tenure.tokens) == PARTITIONS // 2)
    await asyncio.sleep(0.3)
    assert len((await case.leases.hold("other", timedelta(seconds=1))).tokens) == PARTITIONS // 2 - 1
    case.in_use = set()
    await asyncio.sleep(0.3)
    assert len((await case.leases.hold("other", timedelta(seconds=1))).tokens) == PARTITIONS // 2
    for task in (running, second):
        task.cancel()


async def _hold(leases: InMemoryLeases, owner: str) -> None:
    while True:
        await leases.hold(owner, timedelta(seconds=1))
        await asyncio.sleep(0.05)
