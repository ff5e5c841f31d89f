"""DeadLetterKeeping: what is given up is kept before the broker hears of it, and never lost."""

from datetime import UTC, datetime, timedelta
from typing import override

import pytest

from fastapi_chassis.application import MemoryStore
from fastapi_chassis.domain import FrozenClock, UnavailableException, new_id
from fastapi_chassis.messaging import (
    Ack,
    Consumer,
    DeadLetterKeeping,
    DeadLetterQuery,
    DeadLetterRecord,
    Delivery,
    InMemoryDeadLetters,
    Retry,
    stand_in,
)
from tests.unit.messaging.shop import Effect, Effects, ItemCreated, Shop, created, quick

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class AwayDeadLetters(InMemoryDeadLetters):
    @override
    async def add(self, record: DeadLetterRecord) -> bool:
        raise UnavailableException("the database is away at postgresql://me:s3cret@db/shop")


async def poisoned(event: ItemCreated, effects: Effects) -> None:
    await effects.add(Effect(id=new_id(), title=event.title))
    raise ValueError("is poison")


async def announce(event: ItemCreated, effects: Effects) -> None:
    await effects.add(Effect(id=new_id(), title=event.title))


def keeping(consumer: Consumer, store: InMemoryDeadLetters) -> DeadLetterKeeping:
    return DeadLetterKeeping(consumer, store, FrozenClock(NOW), quick().retry)


@pytest.mark.requirement("MSG-7")
async def test_what_is_given_up_is_kept_and_then_acknowledged() -> None:
    shop, store = Shop(), InMemoryDeadLetters(MemoryStore())
    consumer = keeping(shop.consumer(poisoned, config=quick(max_attempts=2)), store)
    message = created()
    assert isinstance(await consumer.receive(Delivery(message, 1)), Retry)
    assert await store.page(DeadLetterQuery()) == []
    assert await consumer.receive(Delivery(message, 2)) == Ack()
    (record,) = await store.page(DeadLetterQuery())
    assert (record.group, record.envelope, record.attempts) == ("shop.notifications", message, 2)
    assert record.at == NOW
    assert "is poison" in record.reason
    assert await shop.effects() == []


@pytest.mark.requirement("MSG-7")
async def test_what_is_no_message_at_all_is_kept_once_beside_the_others() -> None:
    shop, store = Shop(), InMemoryDeadLetters(MemoryStore())
    consumer = keeping(shop.consumer(announce, config=quick()), store)
    came = stand_in("kafka:topic/0/7", destination="topic", payload=b"what?", attributes={"colour": "blue"})
    for _ in range(2):
        assert await consumer.receive(Delivery(came, 1, "it has no ce_id")) == Ack()
    (record,) = await store.page(DeadLetterQuery(type="unreadable"))
    assert (record.envelope.payload, record.envelope.headers) == (b"what?", {"colour": "blue"})
    assert record.reason == "it has no ce_id"


@pytest.mark.requirement("MSG-7")
async def test_a_malformed_body_is_kept_as_it_came() -> None:
    store = InMemoryDeadLetters(MemoryStore())
    message = created(payload=b"\xff{")
    assert await keeping(Shop().consumer(announce), store).receive(Delivery(message)) == Ack()
    (record,) = await store.page(DeadLetterQuery())
    assert record.envelope.payload == b"\xff{"


@pytest.mark.requirement("MSG-7")
async def test_a_redelivery_after_a_lost_acknowledgement_doubles_nothing() -> None:
    store = InMemoryDeadLetters(MemoryStore())
    consumer = keeping(Shop().consumer(announce), store)
    message = created(payload=b"{")
    assert [await consumer.receive(Delivery(message)) for _ in range(2)] == [Ack(), Ack()]
    assert len(await store.page(DeadLetterQuery())) == 1


@pytest.mark.requirement("MSG-7")
async def test_while_the_store_is_away_the_message_comes_again() -> None:
    consumer = keeping(Shop().consumer(announce), AwayDeadLetters(MemoryStore()))
    outcome = await consumer.receive(Delivery(created(payload=b"{")))
    assert isinstance(outcome, Retry)
    assert outcome.delay >= timedelta(0)
    assert "could not be kept" in outcome.reason
    assert "s3cret" not in outcome.reason


async def test_what_is_handled_is_not_kept() -> None:
    shop, store = Shop(), InMemoryDeadLetters(MemoryStore())
    assert await keeping(shop.consumer(announce), store).receive(Delivery(created())) == Ack()
    assert await shop.effects() == ["Dune"]
    assert await store.page(DeadLetterQuery(state=None)) == []


@pytest.mark.requirement("MSG-13")
async def test_who_measures_hears_of_what_is_kept_and_only_once() -> None:
    store = InMemoryDeadLetters(MemoryStore())
    consumer, message = keeping(Shop().consumer(poisoned, config=quick(max_attempts=1)), store), created()
    first, again = [await consumer.receive(Delivery(message)) for _ in range(2)]
    assert isinstance(first, Ack)
    assert first.kept is not None
    assert first.kept.error_type == "ValueError"
    assert isinstance(again, Ack)
    assert again.kept is None
