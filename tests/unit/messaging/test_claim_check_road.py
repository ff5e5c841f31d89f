"""Large messages on the whole road: outbox, relay, broker, consumer, dead letters."""

from datetime import timedelta

import pytest

from fastapi_chassis.application import MemorySession, in_memory
from fastapi_chassis.domain import FrozenClock, UnavailableException, ValidationException
from fastapi_chassis.messaging import (
    DATAREF,
    Ack,
    ClaimCheckConfig,
    ClaimCheckReceiver,
    ClaimCheckTransport,
    DeadLetterKeeping,
    DeadLetterQuery,
    DeadLetterRecord,
    DeadLetters,
    DeadLetterStateEnum,
    Delivery,
    InMemoryClaimCheckStore,
    InMemoryDeadLetters,
    OutboxPublisher,
    Refused,
    writer_for,
)
from fastapi_chassis.testing import eventually
from tests.unit.messaging.relays import Broker, relay
from tests.unit.messaging.shop import Item, ItemCreated, Items, Shop, quick

CONFIG = ClaimCheckConfig(threshold=1_000)
TITLE = "Dune " * 1_000


class Store(InMemoryClaimCheckStore):
    def __init__(self) -> None:
        super().__init__()
        self.is_away = False
        self.refusals = 0

    async def put(self, payload: bytes, keep: timedelta) -> str:
        if self.is_away:
            self.refusals += 1
            raise UnavailableException("the store is away")
        return await super().put(payload, keep)


@pytest.fixture
def store() -> Store:
    return Store()


def shop_on_the_road() -> Shop:
    return Shop(OutboxPublisher(writer_for(quick(claim_check=CONFIG), source="shop")))


async def carried(shop: Shop, broker: Broker, store: Store) -> None:
    """Takes what waits to the broker."""
    async with relay(shop.outbox, ClaimCheckTransport(broker, store, CONFIG)).running():
        await shop.emptied()


@pytest.mark.requirement("MSG-15")
async def test_the_payload_is_part_of_the_transaction_until_it_is_sent(store: Store) -> None:
    shop, broker = shop_on_the_road(), Broker()
    async with shop.unit_of_work() as work:
        await in_memory(Items, work).add(Item.create(TITLE))  # and no commit
    await shop.create_item(TITLE)
    assert store._kept == {}
    await carried(shop, broker, store)
    assert len(store._kept) == 1


@pytest.mark.requirement("MSG-15")
async def test_while_the_store_is_away_nothing_is_lost_or_given_up(store: Store) -> None:
    shop, broker = shop_on_the_road(), Broker()
    dead_letters = InMemoryDeadLetters(MemorySession(shop.store))
    transport, store.is_away = ClaimCheckTransport(broker, store, CONFIG), True
    async with relay(shop.outbox, transport, refused=Refused(dead_letters, "shop.outbox", 2)).running():
        await shop.create_item(TITLE)

        await eventually(lambda: store.refusals >= 5)
        await shop.create_item("small")
        await eventually(lambda: len(broker.published) == 1)
        store.is_away = False
        await shop.emptied()
    assert [DATAREF in one.headers for one in broker.published] == [False, True]


@pytest.mark.requirement("MSG-15")
async def test_what_fails_between_store_and_broker_is_done_again_and_has_one_effect(store: Store) -> None:
    shop, broker = shop_on_the_road(), Broker()
    seen: list[str] = []

    async def announce(event: ItemCreated) -> None:
        seen.append(event.title)

    broker.faults.append(UnavailableException("the broker is away"))
    await shop.create_item(TITLE)
    await carried(shop, broker, store)
    assert len(store._kept) == 2  # the first is garbage, until its time is over
    receiver = ClaimCheckReceiver(shop.consumer(announce), store, quick(claim_check=CONFIG))
    for envelope in (*broker.published, *broker.published):
        assert await receiver.receive(Delivery(envelope)) == Ack()
    assert seen == [TITLE]


@pytest.mark.requirement("MSG-15", "MSG-7")
async def test_a_dead_letter_is_shown_edited_and_replayed_with_its_payload(store: Store) -> None:
    shop, broker = shop_on_the_road(), Broker()
    seen: list[str] = []

    async def announce(event: ItemCreated) -> None:
        if event.title == TITLE:
            raise ValidationException("not this one")
        seen.append(event.title)

    async def note(action: str, record: DeadLetterRecord) -> None:
        del action, record

    await shop.create_item(TITLE)
    await carried(shop, broker, store)
    dead_letters = InMemoryDeadLetters(MemorySession(shop.store))
    receiver = ClaimCheckReceiver(shop.consumer(announce), store, quick(claim_check=CONFIG))
    await DeadLetterKeeping(receiver, dead_letters, FrozenClock()).receive(Delivery(broker.published[0]))
    desk = DeadLetters([dead_letters], {receiver.subscription.group: receiver}, note)
    store._kept.clear()  # long ago: dead letters are kept longer than payloads
    (record,) = await desk.page(DeadLetterQuery())
    assert TITLE.encode() in record.envelope.payload
    assert (await desk.replay(record.id)).state is DeadLetterStateEnum.WAITING
    await desk.edit(record.id, payload=record.envelope.payload.replace(TITLE.encode(), b"Emma"))
    assert (await desk.replay(record.id)).state is DeadLetterStateEnum.REPLAYED
    assert seen == ["Emma"]
