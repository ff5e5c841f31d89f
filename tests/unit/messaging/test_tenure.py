"""A tenure is renewed in time, gives back its surplus when that is free, and ends when it may have ended."""

import asyncio
from datetime import timedelta
from time import monotonic

import pytest

from fastapi_chassis.application import MemorySession, MemoryStore
from fastapi_chassis.messaging import PARTITIONS, InMemoryLeases, RelayConfig, RelayStateEnum
from fastapi_chassis.messaging.memory_stores import _Owned
from fastapi_chassis.messaging.tenure import Tenure
from fastapi_chassis.testing import eventually
from tests.unit.messaging.relays import Broker, holders, relay
from tests.unit.messaging.shop import Shop, created


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
    await eventually(lambda: case.tenure.is_whole)
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
    await eventually(lambda: case.tenure.is_whole)
    running.cancel()
    await asyncio.sleep(0.12)
    assert case.tenure.tokens == {}


async def test_surplus_is_given_back_once_it_is_not_in_use() -> None:
    case = Case(lease=0.4)
    running = asyncio.create_task(case.tenure.run())
    await eventually(lambda: case.tenure.is_whole)
    case.in_use = {PARTITIONS - 1}
    second = asyncio.create_task(_hold(case.leases, "other"))
    await eventually(lambda: len(case.tenure.tokens) == PARTITIONS // 2)
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


async def test_the_lease_is_renewed_while_publishing_takes_long(shop: Shop, broker: Broker) -> None:
    broker.gate.clear()
    broker.held_keys = {"slow"}
    await shop.write(created(key="slow"))
    async with relay(shop.outbox, broker, lease=1).running():
        for _ in range(13):
            await asyncio.sleep(0.1)
            rows = shop.store.rows(_Owned)
            assert all(row.ends > monotonic() for row in rows.values())
        broker.gate.set()
        await shop.emptied()


@pytest.mark.requirement("MSG-3")
async def test_relays_that_come_and_go_share_the_partitions(shop: Shop, broker: Broker) -> None:
    sent = [created(key=str(number % 100)) for number in range(500)]
    first, second, third = (relay(shop.outbox, broker, name, lease=0.4, batch=3) for name in "abc")
    async with first.running(), second.running():
        await eventually(lambda: holders(shop) == {"a": 32, "b": 32})
        await shop.write(*sent[:250])
        async with third.running():
            await eventually(lambda: holders(shop) == {"a": 22, "b": 22, "c": 20})
            await shop.write(*sent[250:])
            await shop.emptied()
        await eventually(lambda: holders(shop) == {"a": 32, "b": 32})
    assert len(broker.published) == 500
    for key in map(str, range(100)):
        assert [one for one in broker.published if one.key == key] == [one for one in sent if one.key == key]


async def test_a_relay_that_gets_nothing_stands_by(shop: Shop, broker: Broker) -> None:
    await shop.outbox.leases.hold("other", timedelta(seconds=60))
    async with relay(shop.outbox, broker).running() as idle:
        await eventually(lambda: idle.state is RelayStateEnum.STANDBY)


@pytest.mark.requirement("MSG-3")
async def test_a_dead_relay_is_replaced_when_its_lease_ends(shop: Shop, broker: Broker) -> None:
    await shop.outbox.leases.hold("dead", timedelta(seconds=0.1))
    await shop.write(created())
    async with relay(shop.outbox, broker, lease=0.2).running():
        await shop.emptied()
    assert len(broker.published) == 1


@pytest.mark.requirement("MSG-3")
async def test_what_was_published_on_a_lost_lease_is_said_and_goes_out_again(
    shop: Shop, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.gate.clear()
    broker.held_keys = {"slow"}
    await shop.write(created(key="slow"))
    zombie = relay(shop.outbox, broker, "zombie", lease=0.1)
    async with zombie.running():
        await asyncio.sleep(0.05)
        zombie._working[0].cancel()  # as if frozen: what it publishes is still on its way
        await asyncio.sleep(0.15)
        async with relay(shop.outbox, broker, "heir").running():
            await eventually(lambda: holders(shop) == {"heir": PARTITIONS})
            await asyncio.sleep(0.05)
            broker.gate.set()
            await shop.emptied()
            await eventually(lambda: len(broker.published) == 2)
            await asyncio.sleep(0.05)
    assert any("lost lease" in record.message for record in caplog.records)


@pytest.mark.requirement("MSG-3")
async def test_a_relay_that_was_frozen_claims_nothing_before_it_holds_again(
    shop: Shop, broker: Broker
) -> None:
    zombie = relay(shop.outbox, broker, "zombie", lease=0.1)
    async with zombie.running():
        await eventually(lambda: holders(shop) == {"zombie": PARTITIONS})
        zombie._working[0].cancel()
        await asyncio.sleep(0.15)
        await shop.write(created())
        zombie.wake()
        await asyncio.sleep(0.1)
    assert broker.published == []
