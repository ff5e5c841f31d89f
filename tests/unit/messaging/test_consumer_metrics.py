"""Consumers say why they give up, and count what their handlers had had before."""

import asyncio
from collections.abc import Iterator

import pytest

from fastapi_chassis.domain import NotFoundException, new_id
from fastapi_chassis.messaging import Ack, DeadLetter, Delivery, Outcome, Retry
from tests.measures import Measures, measured
from tests.unit.messaging.shop import Effect, Effects, ItemCreated, Shop, created, quick
from tests.unit.messaging.test_commands import Warehouse, pack, written

DUPLICATES = "chassis.inbox.duplicates"


@pytest.fixture
def measures() -> Iterator[Measures]:
    with measured() as measures:
        yield measures


async def announce(event: ItemCreated, effects: Effects) -> None:
    await effects.add(Effect(id=new_id(), title=event.title))


async def refuse(event: ItemCreated) -> None:
    raise NotFoundException("no such reader") if event.title == "hopeless" else KeyError(event.title)


async def poison(event: ItemCreated, effects: Effects) -> None:
    if event.title == "poison":
        raise KeyError(event.title)
    await effects.add(Effect(id=new_id(), title=event.title))


@pytest.mark.requirement("MSG-13")
async def test_what_a_handler_had_before_is_counted(measures: Measures, shop: Shop) -> None:
    consumer, message = shop.consumer(announce), created("Dune")
    for _ in range(3):
        assert await consumer.receive(Delivery(message)) == Ack()
    assert await shop.effects() == ["Dune"]
    assert measures.points(DUPLICATES) == [({"messaging.consumer.group.name": "shop.notifications"}, 2)]


@pytest.mark.requirement("MSG-13")
async def test_so_is_what_comes_again_among_those_of_one_commit(measures: Measures, shop: Shop) -> None:
    consumer = shop.consumer(announce, config=quick(consumer={"batch": 10}))
    messages = [created(title) for title in "abc"]
    for several in (messages[:2], [*messages, messages[2]]):
        await asyncio.gather(*(consumer.receive(Delivery(one)) for one in several))
    assert await shop.effects() == ["a", "b", "c"]
    assert measures.points(DUPLICATES) == [({"messaging.consumer.group.name": "shop.notifications"}, 3)]


async def test_one_that_begins_anew_because_of_its_neighbour_is_no_duplicate(
    measures: Measures, shop: Shop
) -> None:
    consumer = shop.consumer(poison, config=quick(consumer={"batch": 10}))
    again = created("a")
    await consumer.receive(Delivery(again))
    titles = ("b", "poison", "c")
    messages = [again, *map(created, titles)]
    outcomes = await asyncio.gather(*(consumer.receive(Delivery(one)) for one in messages))
    assert [type(one) for one in outcomes] == [Ack, Ack, Retry, Ack]
    assert sorted(await shop.effects()) == ["a", "b", "c"]
    assert measures.total(DUPLICATES) == 1


async def test_commands_that_come_again_are_counted(measures: Measures) -> None:
    warehouse = Warehouse()
    consumer, message = warehouse.commands(pack), written()
    for _ in range(2):
        assert await consumer.receive(Delivery(message)) == Ack()
    assert measures.points(DUPLICATES) == [({"messaging.consumer.group.name": "shop.stock.commands"}, 1)]


@pytest.mark.parametrize(
    ("message", "attempt", "kind", "error_type"),
    [
        (created("hopeless"), 1, DeadLetter, "NOT_FOUND"),
        (created("other"), 1, Retry, "KeyError"),
        (created("other"), 5, DeadLetter, "KeyError"),
        (created(payload=b"{"), 1, DeadLetter, "unreadable"),
        (created(type="item_forgotten"), 1, DeadLetter, "unreadable"),
    ],
)
async def test_an_outcome_names_its_error(
    shop: Shop, message: object, attempt: int, kind: type[Outcome], error_type: str
) -> None:
    outcome = await shop.consumer(refuse).receive(Delivery(message, attempt))
    assert isinstance(outcome, kind)
    assert outcome.error_type == error_type


async def test_so_does_that_of_a_command() -> None:
    consumer = Warehouse().commands(pack)
    assert (await consumer.receive(Delivery(written(payload=b"{")))).error_type == "unreadable"
