"""A message that no broker takes holds its key, or goes to the dead letters, as configured."""

import asyncio
from collections.abc import Sequence

import pytest

from fastapi_chassis.application import MemorySession
from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import (
    Ack,
    DeadLetterQuery,
    Delivery,
    Envelope,
    InMemoryDeadLetters,
    OnceMoreOut,
    PublishFailed,
    Refused,
    Relay,
    RelayConfig,
    Retry,
    outbox_for,
    outbox_group,
)
from tests.unit.messaging.shop import Shop, created, quick
from tests.unit.messaging.test_relay import empty, until

GROUP = outbox_group("shop")


class Picky:
    """Refuses what is poisoned."""

    def __init__(self) -> None:
        self.published: list[Envelope] = []

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        reasons = {n: "too large" for n, one in enumerate(envelopes) if b"poison" in one.payload}
        self.published += [one for n, one in enumerate(envelopes) if n not in reasons]
        if reasons:
            raise PublishFailed(reasons)

    async def subscribe(self, subscription: object, receive: object) -> object:
        raise NotImplementedError


async def write(shop: Shop, *envelopes: Envelope) -> None:
    async with shop.unit_of_work() as work:
        await outbox_for(work.session).add(envelopes)
        await work.commit()


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def dead_letters(shop: Shop) -> InMemoryDeadLetters:
    return InMemoryDeadLetters(MemorySession(shop.store))


@pytest.mark.requirement("MSG-3", "MSG-7")
async def test_refused_often_enough_it_goes_to_the_dead_letters_and_its_key_goes_on(
    shop: Shop, dead_letters: InMemoryDeadLetters
) -> None:
    poison, behind = created("poison", key="one"), created("sound", key="one")
    await write(shop, poison)
    broker = Picky()
    refused = Refused(dead_letters, GROUP, 3)
    async with Relay(shop.outbox, broker, quick().relay, refused=refused).running():
        await write(shop, behind)
        await empty(shop)
    assert broker.published == [behind]
    (record,) = await dead_letters.page(DeadLetterQuery(group=GROUP))
    assert (record.envelope, record.reason, record.attempts) == (poison, "too large", 3)


@pytest.mark.requirement("MSG-3")
async def test_without_a_number_it_holds_its_key_and_no_other(shop: Shop) -> None:
    poison, behind = created("poison", key="one"), created("sound", key="one")
    other = created(key="other")
    await write(shop, poison)
    broker = Picky()
    async with Relay(shop.outbox, broker, quick().relay).running():
        await asyncio.sleep(0.05)
        await write(shop, behind, other)
        await until(lambda: other in broker.published)
        await asyncio.sleep(0.1)
        assert broker.published == [other]
        backlog = await shop.outbox.backlog()
        assert (backlog.count, backlog.blocked) == (2, 1)


async def test_what_can_not_be_kept_stays_in_the_outbox(shop: Shop) -> None:
    class Away(InMemoryDeadLetters):
        async def add(self, record: object) -> bool:
            raise UnavailableException("away")

    poison = created("poison")
    await write(shop, poison)
    refused = Refused(Away(MemorySession(shop.store)), GROUP, 1)
    async with Relay(shop.outbox, Picky(), quick().relay, refused=refused).running():
        await asyncio.sleep(0.1)
    assert (await shop.outbox.backlog()).count == 1


@pytest.mark.requirement("MSG-7")
async def test_a_replay_puts_it_into_the_outbox_again(shop: Shop) -> None:
    woken: list[object] = []
    again = OnceMoreOut(GROUP, shop.unit_of_work, woken.append)
    sound = created("repaired")
    assert await again.receive(Delivery(sound)) == Ack()
    broker = Picky()
    async with Relay(shop.outbox, broker, quick().relay).running():
        await empty(shop)
    assert broker.published == [sound]
    assert len(woken) == 1


async def test_while_the_store_is_away_a_replay_is_no_success() -> None:
    def away() -> object:
        raise UnavailableException("away", retry_after=2)

    outcome = await OnceMoreOut(GROUP, away, lambda _: None).receive(Delivery(created()))
    assert isinstance(outcome, Retry)


@pytest.mark.requirement("MSG-3")
async def test_what_was_refused_once_goes_before_what_was_written_behind_it(shop: Shop) -> None:
    class Moody(Picky):
        moods = 2

        async def publish(self, envelopes: Sequence[Envelope]) -> None:
            if self.moods and any(one.payload == first.payload for one in envelopes):
                self.moods -= 1
                self.published += [one for one in envelopes if one.key != first.key]
                raise PublishFailed({n: "moody" for n, one in enumerate(envelopes) if one.key == first.key})
            self.published += envelopes

    first = created("first", key="one")
    rest = [created(str(number), key="one" if number % 2 else str(number)) for number in range(20)]
    await write(shop, first, *rest)
    broker = Moody()
    config = RelayConfig(**(quick().relay.model_dump() | {"batch": 4, "batches": 1}))
    async with Relay(shop.outbox, broker, config).running():
        await empty(shop)
    own = [one for one in broker.published if one.key == "one"]
    assert own == [one for one in (first, *rest) if one.key == "one"]
    assert len(broker.published) == 21
