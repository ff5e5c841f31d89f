import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import (
    Ack,
    Claim,
    Envelope,
    InMemoryOutbox,
    InMemoryTransport,
    OutboxPublisher,
    PublishFailed,
    Relay,
    RelayConfig,
    RelayStateEnum,
    Subscription,
    outbox_for,
)
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
    async with relay(shop, broker, batch=20).running():
        await empty(shop)
    assert broker.published == sent
    assert broker.batches == [20, 20, 10]


@pytest.mark.requirement("MSG-3")
async def test_a_message_that_the_broker_refuses_comes_again_and_holds_up_only_its_key(
    shop: Shop, broker: Broker
) -> None:
    poor, rich = created(key="poor"), created(key="rich")
    await write(shop, poor, rich)
    broker.faults = [PublishFailed({0: "no route"}), PublishFailed({0: "no route"})]
    async with relay(shop, broker).running():
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
        async def claim(self, owner: str, *, limit: int, lease: timedelta) -> Claim | None:
            claim = await outbox.claim(owner, limit=limit, lease=lease)
            seen.extend(entry.attempts for entry in claim.entries if claim)
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


class FlakyOutbox(InMemoryOutbox):
    """Fails on calls by name."""

    faults: dict[str, list[Exception]]

    async def claim(self, owner: str, *, limit: int, lease: timedelta) -> Claim | None:
        self._maybe_fail("claim")
        return await super().claim(owner, limit=limit, lease=lease)

    async def settle(
        self, claim: Claim, *, published: Collection[int], failed: Mapping[int, tuple[timedelta, str]]
    ) -> bool:
        self._maybe_fail("settle")
        return await super().settle(claim, published=published, failed=failed)

    async def release(self, owner: str) -> None:
        self._maybe_fail("release")
        await super().release(owner)

    def _maybe_fail(self, call: str) -> None:
        if self.faults.get(call):
            raise self.faults[call].pop(0)


def flaky(shop: Shop, **faults: list[Exception]) -> FlakyOutbox:
    outbox = FlakyOutbox(shop.outbox._session)
    outbox.faults = faults
    return outbox


async def test_a_store_that_is_away_is_tried_again(shop: Shop, broker: Broker) -> None:
    await write(shop, created())
    away = [UnavailableException("away"), RuntimeError("odd"), UnavailableException("away")]
    async with Relay(flaky(shop, claim=away), broker, RELAY).running() as running:
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


@pytest.mark.requirement("MSG-3")
async def test_a_batch_without_answer_holds_up_its_keys_and_no_others(shop: Shop, broker: Broker) -> None:
    broker.gate.clear()
    broker.held_keys = {"slow"}
    first = created("1", key="slow")
    await write(shop, first)
    async with relay(shop, broker, patience=0.01).running():
        await asyncio.sleep(0.05)
        await write(shop, second := created("2", key="slow"), other := created("3", key="other"))
        await until(lambda: other in broker.published)
        assert broker.published == [other]
        broker.gate.set()
        await empty(shop)
    assert broker.published == [other, first, second]


async def test_many_behind_a_held_key_do_not_starve_others(shop: Shop, broker: Broker) -> None:
    broker.gate.clear()
    broker.held_keys = {"slow"}
    await write(shop, created(key="slow"))
    async with relay(shop, broker, patience=0.01, batch=5).running():
        await asyncio.sleep(0.03)
        await write(shop, *(created(key="slow") for _ in range(50)), other := created(key="other"))
        await until(lambda: other in broker.published)
        broker.gate.set()
        await empty(shop)
    assert len(broker.published) == 52


async def test_what_is_in_flight_has_a_bound(shop: Shop, broker: Broker) -> None:
    broker.gate.clear()
    broker.held_keys = {str(number) for number in range(20)}
    await write(shop, *(created(key=str(number)) for number in range(20)))
    async with relay(shop, broker, patience=0.005, batch=3, in_flight=7).running() as running:
        await asyncio.sleep(0.1)
        assert len(running._held) == 7
        broker.gate.set()
        await empty(shop)
    assert len(broker.published) == 20


async def test_the_lease_is_renewed_while_publishing_takes_long(shop: Shop, broker: Broker) -> None:
    broker.gate.clear()
    broker.held_keys = {"slow"}
    await write(shop, created(key="slow"))
    async with relay(shop, broker, patience=0.01, lease=0.1, poll_idle=0.02).running():
        for _ in range(10):
            await asyncio.sleep(0.03)
            assert await shop.outbox.claim("other", limit=1, lease=timedelta(seconds=1)) is None
        broker.gate.set()
        await empty(shop)


@pytest.mark.requirement("MSG-3")
async def test_of_two_relays_one_works_and_the_other_takes_over(shop: Shop, broker: Broker) -> None:
    first, second = relay(shop, broker, "first", lease=0.2), relay(shop, broker, "second", lease=0.2)
    await first.start()
    await asyncio.sleep(0.02)
    async with second.running():
        await until(lambda: second.state is RelayStateEnum.STANDBY)
        assert first.state is RelayStateEnum.RUNNING
        await write(shop, *(created() for _ in range(10)))
        await empty(shop)
        await first.stop()
        await write(shop, created())
        await empty(shop)
        assert second.state is RelayStateEnum.RUNNING
    assert len(broker.published) == 11


async def test_a_dead_relay_is_replaced_when_its_lease_ends(shop: Shop, broker: Broker) -> None:
    await shop.outbox.claim("dead", limit=1, lease=timedelta(seconds=0.1))
    await write(shop, created())
    async with relay(shop, broker).running():
        await empty(shop)
    assert len(broker.published) == 1


async def test_what_was_published_on_a_lost_lease_is_said_and_goes_out_again(
    shop: Shop, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.gate.clear()
    broker.held_keys = {"slow"}
    await write(shop, created(key="slow"))
    zombie = relay(shop, broker, "zombie", lease=0.05)
    async with zombie.running():
        await asyncio.sleep(0.03)
        zombie._loop.cancel()  # as if frozen: what it publishes is still on its way
        await asyncio.sleep(0.1)
        async with relay(shop, broker, "heir", patience=0.01).running():
            await asyncio.sleep(0.05)
            broker.gate.set()
            await empty(shop)
            await until(lambda: len(broker.published) == 2)
            await asyncio.sleep(0.02)
    assert any("lost lease" in record.message for record in caplog.records)


async def test_stop_waits_for_what_is_being_published(shop: Shop, broker: Broker) -> None:
    broker.gate.clear()
    broker.held_keys = {"slow"}
    await write(shop, created(key="slow"))
    running = relay(shop, broker, patience=0.01)
    await running.start()
    await asyncio.sleep(0.03)
    stopping = asyncio.create_task(running.stop())
    await asyncio.sleep(0.03)
    assert not stopping.done()
    broker.gate.set()
    await stopping
    assert (await shop.outbox.backlog()).count == 0
    assert running.state is RelayStateEnum.STOPPED
    assert await shop.outbox.claim("next", limit=1, lease=timedelta(seconds=1)) is not None


async def test_stop_leaves_in_the_outbox_what_the_broker_never_answers(shop: Shop, broker: Broker) -> None:
    broker.gate.clear()
    broker.held_keys = {"slow"}
    await write(shop, created(key="slow"))
    running = relay(shop, broker, stop_timeout=0.05)
    await running.start()
    await asyncio.sleep(0.03)
    async with asyncio.timeout(1):
        await running.stop()
    claim = await shop.outbox.claim("next", limit=1, lease=timedelta(seconds=1))
    assert claim is not None
    assert len(claim.entries) == 1


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
    killed = relay(shop, first, "killed", patience=0.01)
    await killed.start()
    await asyncio.sleep(0.05)
    for task in (killed._loop, *killed._publishing):  # as the kernel does: no stop, no release
        task.cancel()
    await shop.outbox.release("killed")
    await second.subscribe(subscription, handle)
    async with relay(shop, second, "heir").running():
        await empty(shop)
    assert sorted(one.id for one in handled) == sorted(one.id for one in sent)
