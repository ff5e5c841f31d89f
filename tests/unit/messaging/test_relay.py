import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import timedelta
from time import monotonic

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import (
    PARTITIONS,
    Ack,
    Claim,
    Envelope,
    Holding,
    InMemoryLeases,
    InMemoryOutbox,
    InMemoryTransport,
    OutboxPublisher,
    PublishFailed,
    Relay,
    RelayConfig,
    RelayStateEnum,
    Subscription,
    outbox_for,
    partition_of,
)
from fastapi_chassis.messaging.memory_stores import _Owned
from fastapi_chassis.testing.contracts.outbox import claimed
from tests.unit.messaging.shop import Shop, created, quick, writer

RELAY = quick().relay


class Broker:
    """Notes what is published; `answer` may raise or wait."""

    def __init__(self) -> None:
        self.published: list[Envelope] = []
        self.batches: list[int] = []
        self.faults: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.held_keys: set[str] = set()

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        if self.faults:
            raise self.faults.pop(0)
        if any(one.key in self.held_keys for one in envelopes):
            await self.gate.wait()
        self.published += envelopes
        self.batches.append(len(envelopes))

    async def subscribe(self, subscription: object, receive: object) -> object:
        raise NotImplementedError


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def broker() -> Broker:
    return Broker()


def relay(shop: Shop, broker: object, owner: str = "", **settings: object) -> Relay:
    return Relay(shop.outbox, broker, RelayConfig(**(RELAY.model_dump() | settings)), owner=owner)


async def write(shop: Shop, *envelopes: Envelope) -> None:
    async with shop.unit_of_work() as work:
        await outbox_for(work.session).add(envelopes)
        await work.commit()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.002)


async def empty(shop: Shop) -> None:
    async with asyncio.timeout(5):
        while (await shop.outbox.backlog()).count:
            await asyncio.sleep(0.002)


@pytest.mark.requirement("MSG-3")
async def test_the_commit_wakes_the_relay_long_before_it_would_look_again(broker: Broker) -> None:
    shop = Shop()
    waking = relay(shop, broker, poll_busy=60, poll_idle=60)
    shop.sink = OutboxPublisher(writer(), wake=waking.wake)
    async with waking.running():
        await asyncio.sleep(0.05)
        item = await shop.create_item("Dune")
        await until(lambda: len(broker.published) == 1)
        await empty(shop)
    (sent,) = broker.published
    assert (sent.destination, sent.key) == ("integration-events.item_created", str(item.id))


async def test_without_a_signal_it_polls(shop: Shop, broker: Broker) -> None:
    async with relay(shop, broker).running():
        await asyncio.sleep(0.03)
        await write(shop, created())
        await empty(shop)
    assert len(broker.published) == 1


@pytest.mark.requirement("MSG-3")
async def test_it_publishes_in_batches_and_in_order(shop: Shop, broker: Broker) -> None:
    sent = [created(key=str(number % 3)) for number in range(50)]
    await write(shop, *sent)
    async with relay(shop, broker, batch=20, batches=1).running():
        await empty(shop)
    assert broker.published == sent
    assert broker.batches == [20, 20, 10]


@pytest.mark.requirement("MSG-3")
async def test_batches_that_are_on_their_way_together_keep_the_order_of_each_key(
    shop: Shop, broker: Broker
) -> None:
    sent = [created(key=str(number % 7)) for number in range(200)]
    await write(shop, *sent)
    async with relay(shop, broker, batch=5, batches=4).running():
        await empty(shop)
    for key in map(str, range(7)):
        own = [one for one in sent if one.key == key]
        assert [one for one in broker.published if one.key == key] == own


@pytest.mark.requirement("MSG-3")
async def test_a_message_that_the_broker_refuses_comes_again_and_holds_up_only_its_key(
    shop: Shop, broker: Broker
) -> None:
    poor, rich = created(key="poor"), created(key="rich")
    await write(shop, poor, rich)
    broker.faults = [PublishFailed({0: "no route"}), PublishFailed({0: "no route"})]
    async with relay(shop, broker, batches=1).running():
        await empty(shop)
    assert broker.published == [poor]  # rich was confirmed by the first answer


async def test_a_broker_that_is_away_is_told_once_and_heals(
    shop: Shop, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sent = [created(), created()]
    await write(shop, *sent)
    broker.faults = [UnavailableException("connection refused") for _ in range(5)]
    async with relay(shop, broker).running() as running:
        await until(lambda: running.state is RelayStateEnum.WAITING)
        await empty(shop)
        await until(lambda: running.state is RelayStateEnum.RUNNING)
    assert broker.published == sent
    told = [record.message for record in caplog.records if "broker" in record.message]
    assert told == [
        "the broker is away and is tried again: connection refused",
        "the broker is back after 5 failed attempts",
    ]


async def test_attempts_are_not_counted_while_the_broker_is_away(shop: Shop, broker: Broker) -> None:
    await write(shop, created())
    broker.faults = [UnavailableException("away")] * 3
    seen = []
    outbox = shop.outbox

    class Watching(InMemoryOutbox):
        async def claim(
            self, tokens: Mapping[int, int], *, limit: int, without: Collection[str] = (), after: int = 0
        ) -> Claim:
            claim = await outbox.claim(tokens, limit=limit, without=without, after=after)
            seen.extend(entry.attempts for entry in claim.entries)
            return claim

    async with Relay(Watching(outbox._session), broker, RELAY).running():
        await empty(shop)
    assert set(seen) == {0}


async def test_an_unexpected_error_kills_nothing_and_is_seen(
    shop: Shop, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    await write(shop, created())
    broker.faults = [ZeroDivisionError()] * 3
    async with relay(shop, broker).running() as running:
        await until(lambda: running.state is RelayStateEnum.FAILING)
        await empty(shop)
        await until(lambda: running.state is RelayStateEnum.RUNNING)
    assert [record.message for record in caplog.records if record.exc_info] == [
        "the broker failed unexpectedly; it is tried again"
    ]


class FlakyLeases(InMemoryLeases):
    faults: dict[str, list[Exception]]

    async def release(self, owner: str, partitions: Collection[int] | None = None) -> None:
        if self.faults.get("release"):
            raise self.faults["release"].pop(0)
        await super().release(owner, partitions)

    async def hold(self, owner: str, lease: timedelta) -> Holding:
        if self.faults.get("hold"):
            raise self.faults["hold"].pop(0)
        return await super().hold(owner, lease)


class FlakyOutbox(InMemoryOutbox):
    """Fails on calls by name."""

    faults: dict[str, list[Exception]]

    async def claim(
        self, tokens: Mapping[int, int], *, limit: int, without: Collection[str] = (), after: int = 0
    ) -> Claim:
        self._maybe_fail("claim")
        return await super().claim(tokens, limit=limit, without=without, after=after)

    async def settle(
        self, claim: Claim, *, published: Collection[int], failed: Mapping[int, tuple[timedelta, str]]
    ) -> frozenset[int]:
        self._maybe_fail("settle")
        return await super().settle(claim, published=published, failed=failed)

    def _maybe_fail(self, call: str) -> None:
        if self.faults.get(call):
            raise self.faults[call].pop(0)


def flaky(shop: Shop, **faults: list[Exception]) -> FlakyOutbox:
    outbox = FlakyOutbox(shop.outbox._session)
    outbox.leases = FlakyLeases(shop.outbox._session)
    outbox.faults = outbox.leases.faults = faults
    return outbox


@pytest.mark.parametrize("call", ["claim", "hold"])
async def test_a_store_that_is_away_is_tried_again(shop: Shop, broker: Broker, call: str) -> None:
    await write(shop, created())
    away = [UnavailableException("away"), RuntimeError("odd"), UnavailableException("away")]
    config = RelayConfig(**(RELAY.model_dump() | {"batches": 1}))
    async with Relay(flaky(shop, **{call: away}), broker, config).running() as running:
        await until(lambda: running.state in {RelayStateEnum.WAITING, RelayStateEnum.FAILING})
        await empty(shop)
    assert len(broker.published) == 1


async def test_what_is_published_is_settled_however_often_that_takes(shop: Shop, broker: Broker) -> None:
    await write(shop, created())
    away = [UnavailableException("away"), RuntimeError("odd"), UnavailableException("away")]
    async with Relay(flaky(shop, settle=away), broker, RELAY).running():
        await empty(shop)
    assert len(broker.published) == 1, "published again, because settling was forgotten"


async def test_a_lease_that_is_not_given_back_keeps_nobody_from_stopping(shop: Shop, broker: Broker) -> None:
    async with Relay(flaky(shop, release=[UnavailableException("away")]), broker, RELAY).running():
        await asyncio.sleep(0.01)


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
    await write(shop, first)
    async with relay(shop, broker).running():
        await asyncio.sleep(0.05)
        await write(shop, second := created("2", key=slow), other := created("3", key=quick_one))
        await until(lambda: other in broker.published)
        assert broker.published == [other]
        broker.gate.set()
        await empty(shop)
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

    await write(shop, *(created(key=str(number)) for number in range(40)))
    config = RelayConfig(**(RELAY.model_dump() | {"batch": 3, "batches": 2}))
    async with Relay(Watching(shop.outbox._session), broker, config).running():
        await asyncio.sleep(0.1)
        assert claims == [3, 3, 3, 3]  # of either, one is on its way and one is read ahead
        broker.gate.set()
        await empty(shop)
    assert len(broker.published) == 40


async def test_the_lease_is_renewed_while_publishing_takes_long(shop: Shop, broker: Broker) -> None:
    broker.gate.clear()
    broker.held_keys = {"slow"}
    await write(shop, created(key="slow"))
    async with relay(shop, broker, lease=0.2).running():
        for _ in range(10):
            await asyncio.sleep(0.05)
            rows = shop.store.rows(_Owned)
            assert all(row.ends > monotonic() for row in rows.values())
        broker.gate.set()
        await empty(shop)


def holders(shop: Shop) -> Counter[str | None]:
    return Counter(row.owner for row in shop.store.rows(_Owned).values())


@pytest.mark.requirement("MSG-3")
async def test_relays_that_come_and_go_share_the_partitions(shop: Shop, broker: Broker) -> None:
    sent = [created(key=str(number % 100)) for number in range(500)]
    first, second, third = (relay(shop, broker, name, lease=0.4, batch=3) for name in "abc")
    async with first.running(), second.running():
        await until(lambda: holders(shop) == {"a": 32, "b": 32})
        await write(shop, *sent[:250])
        async with third.running():
            await until(lambda: holders(shop) == {"a": 22, "b": 22, "c": 20})
            await write(shop, *sent[250:])
            await empty(shop)
        await until(lambda: holders(shop) == {"a": 32, "b": 32})
    assert len(broker.published) == 500
    for key in map(str, range(100)):
        assert [one for one in broker.published if one.key == key] == [one for one in sent if one.key == key]


async def test_a_relay_that_gets_nothing_stands_by(shop: Shop, broker: Broker) -> None:
    await shop.outbox.leases.hold("other", timedelta(seconds=60))
    async with relay(shop, broker).running() as idle:
        await until(lambda: idle.state is RelayStateEnum.STANDBY)


@pytest.mark.requirement("MSG-3")
async def test_a_dead_relay_is_replaced_when_its_lease_ends(shop: Shop, broker: Broker) -> None:
    await shop.outbox.leases.hold("dead", timedelta(seconds=0.1))
    await write(shop, created())
    async with relay(shop, broker, lease=0.2).running():
        await empty(shop)
    assert len(broker.published) == 1


@pytest.mark.requirement("MSG-3")
async def test_what_was_published_on_a_lost_lease_is_said_and_goes_out_again(
    shop: Shop, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.gate.clear()
    broker.held_keys = {"slow"}
    await write(shop, created(key="slow"))
    zombie = relay(shop, broker, "zombie", lease=0.1)
    async with zombie.running():
        await asyncio.sleep(0.05)
        zombie._working[0].cancel()  # as if frozen: what it publishes is still on its way
        await asyncio.sleep(0.15)
        async with relay(shop, broker, "heir").running():
            await until(lambda: holders(shop) == {"heir": PARTITIONS})
            await asyncio.sleep(0.05)
            broker.gate.set()
            await empty(shop)
            await until(lambda: len(broker.published) == 2)
            await asyncio.sleep(0.05)
    assert any("lost lease" in record.message for record in caplog.records)


@pytest.mark.requirement("MSG-3")
async def test_a_relay_that_was_frozen_claims_nothing_before_it_holds_again(
    shop: Shop, broker: Broker
) -> None:
    zombie = relay(shop, broker, "zombie", lease=0.1)
    async with zombie.running():
        await until(lambda: holders(shop) == {"zombie": PARTITIONS})
        zombie._working[0].cancel()
        await asyncio.sleep(0.15)
        await write(shop, created())
        zombie.wake()
        await asyncio.sleep(0.1)
    assert broker.published == []


class FakeBell:
    def __init__(self) -> None:
        self.rings = 0
        self.listeners: list[Callable[[], None]] = []

    async def ring(self) -> None:
        self.rings += 1
        for heard in self.listeners:
            heard()

    def listening(self, heard: Callable[[], None]) -> AbstractAsyncContextManager[None]:
        self.listeners.append(heard)
        return nullcontext()


async def test_a_commit_is_told_to_relays_elsewhere_if_there_are_any(shop: Shop, broker: Broker) -> None:
    bell = FakeBell()
    outbox = shop.outbox
    outbox.bell = bell
    alone = Relay(outbox, broker, RELAY, owner="alone")
    async with alone.running():
        await until(lambda: holders(shop) == {"alone": PARTITIONS})
        alone.wake()
        await asyncio.sleep(0.03)
        assert bell.rings == 0
        await shop.outbox.leases.release("alone", range(32))
        await shop.outbox.leases.hold("other", timedelta(seconds=60))
        await until(lambda: not alone._tenure.is_whole)
        for _ in range(100):
            alone.wake()
        await until(lambda: bell.rings == 1)


async def test_a_ring_wakes_a_relay(shop: Shop, broker: Broker) -> None:
    outbox = shop.outbox
    outbox.bell = bell = FakeBell()
    config = RelayConfig(**(RELAY.model_dump() | {"poll_busy": 60, "poll_idle": 60}))
    async with Relay(outbox, broker, config).running():
        await asyncio.sleep(0.05)
        await write(shop, created())
        await asyncio.sleep(0.05)
        assert broker.published == []
        await bell.ring()
        await empty(shop)


async def test_a_destination_that_takes_nothing_is_left_alone_and_others_go_on(shop: Shop) -> None:
    class Picky(Broker):
        is_open = False

        async def publish(self, envelopes: Sequence[Envelope]) -> None:
            reasons = {n: "no" for n, one in enumerate(envelopes) if one.destination == "closed"}
            self.published += [one for n, one in enumerate(envelopes) if self.is_open or n not in reasons]
            if reasons and not self.is_open:
                raise PublishFailed(reasons)

    broker = Picky()
    lost = [created(destination="closed", key=str(number)) for number in range(20)]
    await write(shop, *lost, *(created() for _ in range(5)))
    running = relay(shop, broker, batch=1, batches=1, retry={"base": 0.3, "cap": 0.3})
    async with running.running():
        await until(lambda: len(broker.published) == 5)
        assert running._outages.destinations.closed == {"closed"}
        broker.is_open = True
        await empty(shop)
    assert len(broker.published) == 25


async def test_stop_waits_for_what_is_being_published(shop: Shop, broker: Broker) -> None:
    broker.gate.clear()
    broker.held_keys = {"slow"}
    await write(shop, created(key="slow"))
    running = relay(shop, broker)
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
    await write(shop, created(key="slow"))
    running = relay(shop, broker, stop_timeout=0.05)
    await running.start()
    await asyncio.sleep(0.03)
    async with asyncio.timeout(1):
        await running.stop()
    assert len((await claimed(shop.outbox, "next")).entries) == 1


async def test_it_starts_again_after_a_stop_and_not_twice(shop: Shop, broker: Broker) -> None:
    one = relay(shop, broker)
    await one.stop()
    for _ in range(2):
        async with one.running():
            with pytest.raises(RuntimeError, match="running already"):
                await one.start()
            await write(shop, created())
            await empty(shop)
    assert len(broker.published) == 2


async def test_backlog_tells_what_waits(shop: Shop, broker: Broker) -> None:
    await write(shop, created(), created())
    assert (await relay(shop, broker).backlog()).count == 2


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
    await write(shop, *sent)
    await first.subscribe(subscription, stuck)
    killed = relay(shop, first, "killed")
    await killed.start()
    await asyncio.sleep(0.05)
    for task in killed._working:  # as the kernel does: no stop, no release
        task.cancel()
    await shop.outbox.leases.release("killed")
    await second.subscribe(subscription, handle)
    async with relay(shop, second, "heir").running():
        await empty(shop)
    assert sorted(one.id for one in handled) == sorted(one.id for one in sent)
