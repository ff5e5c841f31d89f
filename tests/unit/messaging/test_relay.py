import asyncio
from collections.abc import Collection, Mapping

import pytest

from fastapi_chassis.messaging import (
    PARTITIONS,
    Ack,
    Claim,
    Envelope,
    InMemoryOutbox,
    InMemoryTransport,
    OutboxPublisher,
    RelayStateEnum,
    Subscription,
    partition_of,
)
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.contracts.outbox import claimed
from tests.unit.messaging.relays import Broker, holders, relay
from tests.unit.messaging.shop import Shop, created, writer


@pytest.mark.requirement("MSG-3")
async def test_the_commit_wakes_the_relay_long_before_it_would_look_again(broker: Broker) -> None:
    shop = Shop()
    waking = relay(shop.outbox, broker, poll_busy=60, poll_idle=60)
    shop.sink = OutboxPublisher(writer(), wake=waking.wake)
    async with waking.running():
        await asyncio.sleep(0.05)
        item = await shop.create_item("Dune")
        await eventually(lambda: len(broker.published) == 1)
        await shop.emptied()
    (sent,) = broker.published
    assert (sent.destination, sent.key) == ("integration-events.item_created", str(item.id))


async def test_without_a_signal_it_polls(shop: Shop, broker: Broker) -> None:
    async with relay(shop.outbox, broker).running():
        await asyncio.sleep(0.03)
        await shop.write(created())
        await shop.emptied()
    assert len(broker.published) == 1


@pytest.mark.requirement("MSG-3")
async def test_it_publishes_in_batches_and_in_order(shop: Shop, broker: Broker) -> None:
    sent = [created(key=str(number % 3)) for number in range(50)]
    await shop.write(*sent)
    async with relay(shop.outbox, broker, batch=20, batches=1).running():
        await shop.emptied()
    assert broker.published == sent
    assert broker.batches == [20, 20, 10]


@pytest.mark.requirement("MSG-3")
async def test_batches_that_are_on_their_way_together_keep_the_order_of_each_key(
    shop: Shop, broker: Broker
) -> None:
    sent = [created(key=str(number % 7)) for number in range(200)]
    await shop.write(*sent)
    async with relay(shop.outbox, broker, batch=5, batches=4).running():
        await shop.emptied()
    for key in map(str, range(7)):
        own = [one for one in sent if one.key == key]
        assert [one for one in broker.published if one.key == key] == own


def keys_apart(count: int, batches: int = 4) -> list[str]:
    """Thinks of keys that travel in different batches."""
    found: dict[int, str] = {}
    for number in range(1_000):
        found.setdefault(partition_of(str(number)) % batches, str(number))
    return [found[one] for one in range(count)]


@pytest.mark.requirement("MSG-3")
async def test_a_batch_without_answer_holds_up_its_keys_and_others_go_on(shop: Shop, broker: Broker) -> None:
    slow, quick_one = keys_apart(2)
    broker.gate.clear()
    broker.held_keys = {slow}
    first = created("1", key=slow)
    await shop.write(first)
    async with relay(shop.outbox, broker).running():
        await asyncio.sleep(0.05)
        await shop.write(second := created("2", key=slow), other := created("3", key=quick_one))
        await eventually(lambda: other in broker.published)
        assert broker.published == [other]
        broker.gate.set()
        await shop.emptied()
    assert broker.published == [other, first, second]


async def test_what_is_on_its_way_has_a_bound(shop: Shop, broker: Broker) -> None:
    broker.gate.clear()
    broker.held_keys = {str(number) for number in range(40)}
    claims: list[int] = []

    class Watching(InMemoryOutbox):
        async def claim(
            self, tokens: Mapping[int, int], *, limit: int, without: Collection[str] = (), after: int = 0
        ) -> Claim:
            claim = await super().claim(tokens, limit=limit, without=without, after=after)
            claims.append(len(claim.entries))
            return claim

    await shop.write(*(created(key=str(number)) for number in range(40)))
    async with relay(Watching(shop.outbox._session), broker, batch=3, batches=2).running():
        await asyncio.sleep(0.1)
        assert claims == [3, 3, 3, 3]  # of either, one is on its way and one is read ahead
        broker.gate.set()
        await shop.emptied()
    assert len(broker.published) == 40


async def test_stop_waits_for_what_is_being_published(shop: Shop, broker: Broker) -> None:
    broker.gate.clear()
    broker.held_keys = {"slow"}
    await shop.write(created(key="slow"))
    running = relay(shop.outbox, broker)
    await running.start()
    await asyncio.sleep(0.03)
    stopping = asyncio.create_task(running.stop())
    await asyncio.sleep(0.03)
    assert not stopping.done()
    broker.gate.set()
    await stopping
    assert (await shop.outbox.backlog()).count == 0
    assert running.state is RelayStateEnum.STOPPED
    assert holders(shop) == {None: PARTITIONS}


async def test_stop_leaves_in_the_outbox_what_the_broker_never_answers(shop: Shop, broker: Broker) -> None:
    broker.gate.clear()
    broker.held_keys = {"slow"}
    await shop.write(created(key="slow"))
    running = relay(shop.outbox, broker, stop_timeout=0.05)
    await running.start()
    await asyncio.sleep(0.03)
    async with asyncio.timeout(1):
        await running.stop()
    assert len((await claimed(shop.outbox, "next")).entries) == 1


async def test_it_starts_again_after_a_stop_and_not_twice(shop: Shop, broker: Broker) -> None:
    one = relay(shop.outbox, broker)
    await one.stop()
    for _ in range(2):
        async with one.running():
            with pytest.raises(RuntimeError, match="running already"):
                await one.start()
            await shop.write(created())
            await shop.emptied()
    assert len(broker.published) == 2


async def test_backlog_tells_what_waits(shop: Shop, broker: Broker) -> None:
    await shop.write(created(), created())
    assert (await relay(shop.outbox, broker).backlog()).count == 2


@pytest.mark.requirement("MSG-3")
async def test_on_the_memory_transport_a_kill_loses_nothing(shop: Shop) -> None:
    handled: list[Envelope] = []
    first, second = InMemoryTransport(), InMemoryTransport()
    subscription = Subscription("shop.notifications", frozenset({"integration-events.item_created"}), 2)

    async def stuck(delivery: object) -> object:
        await asyncio.Event().wait()

    async def handle(delivery: object) -> object:
        handled.append(delivery.envelope)
        return Ack()

    sent = [created(key=str(number)) for number in range(10)]
    await shop.write(*sent)
    await first.subscribe(subscription, stuck)
    killed = relay(shop.outbox, first, "killed")
    await killed.start()
    await asyncio.sleep(0.05)
    for task in killed._working:  # as the kernel does: no stop, no release
        task.cancel()
    await shop.outbox.leases.release("killed")
    await second.subscribe(subscription, handle)
    async with relay(shop.outbox, second, "heir").running():
        await shop.emptied()
    assert sorted(one.id for one in handled) == sorted(one.id for one in sent)
