"""What each combination of `enable_outbox` and `enable_inbox` guarantees when the process dies."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from fastapi_chassis.application import in_memory
from fastapi_chassis.domain import new_id
from fastapi_chassis.messaging import (
    DirectPublisher,
    InMemoryTransport,
    MessagingConfig,
    OutboxPublisher,
    Relay,
)
from fastapi_chassis.testing import eventually
from tests.unit.messaging.shop import Effect, Effects, Item, ItemCreated, Items, Shop, quick, writer


class Service:
    """Its store outlives it, as a database does; its transport and its tasks don't."""

    def __init__(self, shop: Shop, config: MessagingConfig) -> None:
        self.shop = shop
        self.config = config
        self.transport = InMemoryTransport()
        self.relay = Relay(shop.outbox, self.transport, config.relay)
        self.direct = DirectPublisher(writer(), self.transport)
        shop.sink = OutboxPublisher(writer(), wake=self.relay.wake) if config.enable_outbox else self.direct
        self._stack = AsyncExitStack()

    async def start(self, *handlers: Callable[..., object]) -> None:
        consumer = self.shop.consumer(*handlers, config=self.config)
        await self._stack.enter_async_context(consumer.running(self.transport))
        if self.config.enable_outbox:
            await self._stack.enter_async_context(self.relay.running())

    async def stop(self) -> None:
        await self._stack.aclose()

    async def settled(self) -> None:
        async with asyncio.timeout(30):
            await self.direct.drain()
        await self.shop.emptied()

    async def die(self) -> None:
        """As kill -9: nothing is finished, nothing is given back."""
        members = [member for group in self.transport._groups.values() for member in group._members]
        for member in members:
            member._room = 0
        working = [task for member in members for task in member._running]
        for task in (*self.relay._working, *self.direct._sending, *working):
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        await self.shop.outbox.leases.release(self.relay._owner)  # its leases would end in time


async def announce(event: ItemCreated, effects: Effects) -> None:
    await effects.add(Effect(id=new_id(), title=event.title))


combinations = pytest.mark.parametrize(
    ("outbox", "inbox"), [(True, True), (True, False), (False, True), (False, False)]
)


@pytest.mark.requirement("MSG-10")
@combinations
async def test_without_faults_each_event_has_its_effect_once(outbox: bool, inbox: bool) -> None:
    shop = Shop()
    service = Service(shop, quick(enable_outbox=outbox, enable_inbox=inbox))
    await service.start(announce)
    for title in ("a", "b", "c"):
        await shop.create_item(title)
    await service.settled()
    await service.stop()
    assert sorted(await shop.effects()) == ["a", "b", "c"]


@pytest.mark.requirement("MSG-10")
@combinations
async def test_a_rollback_tells_nobody(outbox: bool, inbox: bool) -> None:
    shop = Shop()
    service = Service(shop, quick(enable_outbox=outbox, enable_inbox=inbox))
    await service.start(announce)
    async with shop.unit_of_work() as work:
        await in_memory(Items, work).add(Item.create("a"))
    await asyncio.sleep(0.02)
    await service.settled()
    await service.stop()
    assert await shop.effects() == []


@pytest.mark.requirement("MSG-10")
@pytest.mark.parametrize(("outbox", "effects"), [(True, ["a"]), (False, [])])
async def test_only_an_outbox_survives_a_death_between_commit_and_consumer(
    outbox: bool, effects: list[str]
) -> None:
    shop = Shop()
    dying = Service(shop, quick(enable_outbox=outbox))
    await dying.start(announce)
    await shop.create_item("a")
    await dying.die()
    heir = Service(shop, quick(enable_outbox=outbox))
    await heir.start(announce)
    await heir.settled()
    await heir.stop()
    assert await shop.effects() == effects


@pytest.mark.requirement("MSG-10", "MSG-5")
@pytest.mark.parametrize(("inbox", "effects"), [(True, ["a"]), (False, ["a", "a"])])
async def test_only_an_inbox_makes_the_second_delivery_harmless(inbox: bool, effects: list[str]) -> None:
    """The first handler has done its work when the process dies; the second one never ends."""

    async def stuck(event: ItemCreated) -> None:
        await asyncio.Event().wait()

    async def quickly(event: ItemCreated) -> None:
        return None

    quickly.__qualname__ = stuck.__qualname__
    shop = Shop()
    dying = Service(shop, quick(enable_inbox=inbox))
    await dying.start(announce, stuck)
    await shop.create_item("a")
    assert await eventually(shop.effects) == ["a"]
    await dying.die()
    heir = Service(shop, quick(enable_inbox=inbox))
    await heir.start(announce, quickly)
    await heir.settled()
    await heir.stop()
    assert await shop.effects() == effects
