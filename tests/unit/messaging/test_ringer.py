import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import timedelta

from fastapi_chassis.messaging import PARTITIONS
from fastapi_chassis.messaging.config import RetryConfig
from fastapi_chassis.messaging.ringer import Ringer
from fastapi_chassis.testing import eventually
from tests.unit.messaging.relays import Broker, holders, relay
from tests.unit.messaging.shop import Shop, created

RETRY = RetryConfig(base=0.001, cap=0.01)


class Bell:
    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.rings = 0
        self.listeners: list[Callable[[], None]] = []

    async def ring(self) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.rings += 1
        for heard in self.listeners:
            heard()

    def listening(self, heard: Callable[[], None]) -> AbstractAsyncContextManager[None]:
        self.listeners.append(heard)
        return nullcontext()


async def test_many_commits_are_one_ring() -> None:
    bell = Bell()
    async with Ringer(bell, RETRY).running() as ringer:
        for _ in range(1_000):
            ringer.wake()
        await asyncio.sleep(0.05)
        assert bell.rings == 1
        ringer.wake()
        await eventually(lambda: bell.rings == 2)


async def test_a_bell_that_is_away_is_rung_at_the_next_commit() -> None:
    bell = Bell(OSError("away"))
    async with Ringer(bell, RETRY).running() as ringer:
        ringer.wake()
        await eventually(lambda: not bell.faults)
        ringer.wake()
        await eventually(lambda: bell.rings == 1)


async def test_without_a_bell_nothing_happens() -> None:
    async with Ringer(None, RETRY).running() as ringer:
        ringer.wake()


async def test_a_commit_is_told_to_relays_elsewhere_if_there_are_any(shop: Shop, broker: Broker) -> None:
    bell = Bell()
    outbox = shop.outbox
    outbox.bell = bell
    alone = relay(outbox, broker, "alone")
    async with alone.running():
        await eventually(lambda: holders(shop) == {"alone": PARTITIONS})
        alone.wake()
        await asyncio.sleep(0.03)
        assert bell.rings == 0
        await shop.outbox.leases.release("alone", range(32))
        await shop.outbox.leases.hold("other", timedelta(seconds=60))
        await eventually(lambda: not alone._tenure.is_whole)
        for _ in range(100):
            alone.wake()
        await eventually(lambda: bell.rings == 1)


async def test_a_ring_wakes_a_relay(shop: Shop, broker: Broker) -> None:
    outbox = shop.outbox
    outbox.bell = bell = Bell()
    async with relay(outbox, broker, poll_busy=60, poll_idle=60).running():
        await asyncio.sleep(0.05)
        await shop.write(created())
        await asyncio.sleep(0.05)
        assert broker.published == []
        await bell.ring()
        await shop.emptied()
