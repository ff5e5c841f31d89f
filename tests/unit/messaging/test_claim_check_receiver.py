import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from fastapi_chassis.application import MemoryStore
from fastapi_chassis.domain import FrozenClock, UnavailableException
from fastapi_chassis.messaging import (
    DATAREF,
    Ack,
    ClaimCheckReceiver,
    DeadLetter,
    DeadLetterKeeping,
    DeadLetterQuery,
    Delivery,
    Envelope,
    InMemoryClaimCheckStore,
    InMemoryDeadLetters,
    InMemoryTransport,
    MessagingConfig,
    Outcome,
    Retry,
    Subscription,
    sealed,
)
from fastapi_chassis.messaging.claim_check import ClaimCheck, with_check
from tests.unit.messaging.shop import ItemCreated, Shop, created, quick

DAY = timedelta(days=1)


class Handler:
    """Answers as it is told, and remembers what it got."""

    subscription = Subscription("shop.notifications", frozenset({"topic"}))

    def __init__(self, outcome: Outcome | None = None) -> None:
        self.outcome = outcome or Ack()
        self.got: list[Envelope] = []

    async def receive(self, delivery: Delivery) -> Outcome:
        self.got.append(delivery.envelope)
        return self.outcome


class Store(InMemoryClaimCheckStore):
    """Fails as often as it is told."""

    def __init__(self, *faults: Exception) -> None:
        super().__init__()
        self.faults = list(faults)

    async def get(self, name: str) -> bytes | None:
        if self.faults:
            raise self.faults.pop(0)
        return await super().get(name)


async def checked_in(store: InMemoryClaimCheckStore, message: Envelope) -> Envelope:
    name = await store.put(message.payload, DAY)
    return with_check(message, ClaimCheck.of(name, message.payload))


@pytest.mark.requirement("MSG-15")
async def test_a_message_arrives_as_it_was_sent() -> None:
    store, handler, message = Store(), Handler(), created()
    reference = await checked_in(store, message)
    receiver = ClaimCheckReceiver(handler, store, quick())
    assert await receiver.receive(Delivery(reference)) == Ack()
    assert await receiver.receive(Delivery(sealed(reference))) == Ack()
    assert handler.got[0] == message
    assert (handler.got[1].payload, handler.got[1].headers) == (message.payload, message.headers)


@pytest.mark.requirement("MSG-15")
async def test_a_consumer_does_its_work_once() -> None:
    shop, store = Shop(), Store()

    async def count(event: ItemCreated) -> None:
        titles.append(event.title)

    titles: list[str] = []
    receiver = ClaimCheckReceiver(shop.consumer(count), store, quick())
    reference = await checked_in(store, created("Dune"))
    for _ in range(2):
        assert await receiver.receive(Delivery(reference)) == Ack()
    assert titles == ["Dune"]


async def test_what_carries_its_payload_passes_as_it_is() -> None:
    handler, message = Handler(), created()
    receiver = ClaimCheckReceiver(handler, None, quick())
    delivery = Delivery(message, 3)
    assert await receiver.receive(delivery) == Ack()
    await receiver.receive(Delivery(sealed(message)))
    assert handler.got[0] is message
    assert handler.got[1].payload == message.payload


async def test_of_data_and_reference_the_data_counts() -> None:
    handler, message = Handler(), created()
    both = replace(message, headers={**message.headers, DATAREF: "https://example.com/1"})
    await ClaimCheckReceiver(handler, None, quick()).receive(Delivery(both))
    assert handler.got == [message]


@pytest.mark.requirement("MSG-15")
async def test_while_the_store_is_away_it_comes_again_and_no_attempt_counts() -> None:
    store, handler = Store(UnavailableException("the store is away")), Handler()
    receiver = ClaimCheckReceiver(handler, store, quick(max_attempts=1))
    reference = await checked_in(store, created())
    assert isinstance(await receiver.receive(Delivery(reference, 99)), Retry)
    assert await receiver.receive(Delivery(reference, 100)) == Ack()
    assert len(handler.got) == 1


async def test_a_store_that_does_not_answer_is_away() -> None:
    class Silent(InMemoryClaimCheckStore):
        async def get(self, name: str) -> bytes | None:
            await asyncio.sleep(3_600)
            return None

    store = Silent()
    receiver = ClaimCheckReceiver(Handler(), store, quick(max_attempts=1, claim_check={"timeout": 0.05}))
    async with asyncio.timeout(30):
        outcome = await receiver.receive(Delivery(await checked_in(store, created()), 99))
    assert isinstance(outcome, Retry)
    assert "does not answer" in outcome.reason


@pytest.mark.requirement("MSG-15")
@pytest.mark.parametrize("kept", [None, b"{}"])
async def test_a_payload_that_is_lost_is_looked_for_then_given_up(kept: bytes | None) -> None:
    store, handler = Store(), Handler()
    name = "gone" if kept is None else await store.put(kept, DAY)
    reference = with_check(created(), ClaimCheck.of(name, b"payload"))
    receiver = ClaimCheckReceiver(handler, store, quick(max_attempts=3))
    outcomes = [await receiver.receive(Delivery(reference, attempt)) for attempt in (1, 2, 3)]
    assert [type(one) for one in outcomes] == [Retry, Retry, DeadLetter]
    assert name in outcomes[2].reason  # type: ignore[union-attr]  # a dead letter
    assert handler.got == []


@pytest.mark.parametrize(
    ("store", "headers", "told"),
    [
        (None, {}, "this service has none"),
        (Store(), {"datarefsize": "1048577"}, "largest"),
        (Store(), {DATAREF: "https://example.com/1"}, "not fetched"),
    ],
)
async def test_what_can_never_be_fetched_is_given_up_at_once(
    store: Store | None, headers: dict[str, str], told: str
) -> None:
    reference = with_check(created(), ClaimCheck.of("name", b"payload"))
    reference = replace(reference, headers={**reference.headers, **headers})
    outcome = await ClaimCheckReceiver(Handler(), store, quick()).receive(Delivery(reference))
    assert isinstance(outcome, DeadLetter)
    assert told in outcome.reason


@pytest.mark.requirement("MSG-15")
async def test_a_dead_letter_is_kept_with_its_payload() -> None:
    store, handler, message = Store(), Handler(DeadLetter("is poison")), created()
    dead_letters = InMemoryDeadLetters(MemoryStore())
    checking = ClaimCheckReceiver(handler, store, quick())
    keeping = DeadLetterKeeping(checking, dead_letters, FrozenClock())
    await keeping.receive(Delivery(await checked_in(store, message)))
    (record,) = await dead_letters.page(DeadLetterQuery())
    assert (record.envelope, record.reason) == (message, "is poison")


async def test_a_dead_letter_without_its_payload_is_kept_with_the_reference() -> None:
    dead_letters = InMemoryDeadLetters(MemoryStore())
    reference = with_check(created(), ClaimCheck.of("gone", b"payload"))
    checking = ClaimCheckReceiver(Handler(), Store(), quick(max_attempts=1))
    await DeadLetterKeeping(checking, dead_letters, FrozenClock()).receive(Delivery(reference))
    (record,) = await dead_letters.page(DeadLetterQuery())
    assert record.envelope == reference
    assert "gone is not in the store" in record.reason


async def test_it_subscribes_as_the_group_that_it_stands_for() -> None:
    store, handler, message = Store(), Handler(), created(destination="topic")
    transport = InMemoryTransport()
    subscribed = await ClaimCheckReceiver(handler, store, MessagingConfig()).subscribe(transport)
    await transport.publish([await checked_in(store, message)])
    await subscribed.stop()
    assert handler.got == [message]
