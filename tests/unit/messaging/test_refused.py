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
    Retry,
    outbox_group,
)
from fastapi_chassis.testing import eventually
from tests.unit.messaging.relays import Broker, relay
from tests.unit.messaging.shop import Shop, created

GROUP = outbox_group("shop")


class Picky(Broker):
    """Refuses what is poisoned."""

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        reasons = {n: "too large" for n, one in enumerate(envelopes) if b"poison" in one.payload}
        self.published += [one for n, one in enumerate(envelopes) if n not in reasons]
        if reasons:
            raise PublishFailed(reasons)


@pytest.fixture
def dead_letters(shop: Shop) -> InMemoryDeadLetters:
    return InMemoryDeadLetters(MemorySession(shop.store))


@pytest.mark.requirement("MSG-3", "MSG-7")
async def test_refused_often_enough_it_goes_to_the_dead_letters_and_its_key_goes_on(
    shop: Shop, dead_letters: InMemoryDeadLetters
) -> None:
    poison, behind = created("poison", key="one"), created("sound", key="one")
    await shop.write(poison)
    broker = Picky()
    refused = Refused(dead_letters, GROUP, 3)
    async with relay(shop.outbox, broker, refused=refused).running():
        await shop.write(behind)
        await shop.emptied()
    assert broker.published == [behind]
    (record,) = await dead_letters.page(DeadLetterQuery(group=GROUP))
    assert (record.envelope, record.reason, record.attempts) == (poison, "too large", 3)


@pytest.mark.requirement("MSG-3")
async def test_without_a_number_it_holds_its_key_and_no_other(shop: Shop) -> None:
    poison, behind = created("poison", key="one"), created("sound", key="one")
    other = created(key="other")
    await shop.write(poison)
    broker = Picky()
    async with relay(shop.outbox, broker).running():
        await asyncio.sleep(0.05)
        await shop.write(behind, other)
        await eventually(lambda: other in broker.published)
        await asyncio.sleep(0.1)
        assert broker.published == [other]
        backlog = await shop.outbox.backlog()
        assert (backlog.count, backlog.blocked) == (2, 1)


async def test_what_can_not_be_kept_stays_in_the_outbox(shop: Shop) -> None:
    class Away(InMemoryDeadLetters):
        async def add(self, record: object) -> bool:
            raise UnavailableException("away")

    poison = created("poison")
    await shop.write(poison)
    refused = Refused(Away(MemorySession(shop.store)), GROUP, 1)
    async with relay(shop.outbox, Picky(), refused=refused).running():
        await asyncio.sleep(0.1)
    assert (await shop.outbox.backlog()).count == 1


@pytest.mark.requirement("MSG-7")
async def test_a_replay_puts_it_into_the_outbox_again(shop: Shop) -> None:
    woken: list[object] = []
    again = OnceMoreOut(GROUP, shop.unit_of_work, woken.append)
    sound = created("repaired")
    assert await again.receive(Delivery(sound)) == Ack()
    broker = Picky()
    async with relay(shop.outbox, broker).running():
        await shop.emptied()
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
    await shop.write(first, *rest)
    broker = Moody()
    async with relay(shop.outbox, broker, batch=4, batches=1).running():
        await shop.emptied()
    own = [one for one in broker.published if one.key == "one"]
    assert own == [one for one in (first, *rest) if one.key == "one"]
    assert len(broker.published) == 21


@pytest.mark.requirement("MSG-3")
async def test_a_message_that_the_broker_refuses_comes_again_and_holds_up_only_its_key(
    shop: Shop, broker: Broker
) -> None:
    poor, rich = created(key="poor"), created(key="rich")
    await shop.write(poor, rich)
    broker.faults = [PublishFailed({0: "no route"}), PublishFailed({0: "no route"})]
    async with relay(shop.outbox, broker, batches=1).running():
        await shop.emptied()
    assert broker.published == [poor]  # rich was confirmed by the first answer
