from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest

from fastapi_chassis.application import AbstractRepository, Selection, TransactionRequiredError, in_memory
from fastapi_chassis.application.memory import InMemoryUnitOfWork
from fastapi_chassis.domain import (
    Audited,
    BaseAggregate,
    Criterion,
    Cursor,
    FrozenClock,
    Lookup,
    NotFoundException,
    Order,
    SoftDeletable,
    ValidationException,
    new_id,
)
from tests.unit.application.recorder import Recorder


class Item(BaseAggregate):
    title: str
    amount: int = 0


class Card(SoftDeletable, Audited, BaseAggregate):
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    amount: int
    id: UUID


@dataclass(frozen=True, slots=True)
class Title:
    title: str


def wrong(**annotations: object) -> type:
    return dataclass(type("Wrong", (), {"__annotations__": annotations}))


WRONG = {"unknown": wrong(nothing=int), "type": wrong(amount=str), "optional": wrong(title=int)}


class AbstractItems(AbstractRepository[Item, UUID]):
    pass


class Items(Recorder[Item, UUID]):
    pass


@pytest.mark.requirement("REP-3")
@pytest.mark.parametrize(
    "ask",
    [
        lambda items: items.get("no uuid"),
        lambda items: items.get_or_none(None),
        lambda items: items.find(unknown=1),
        lambda items: items.find(title=1),
        lambda items: items.find(order=("unknown",)),
        lambda items: items.find(limit=-1),
        lambda items: items.find(offset=2**31),
        lambda items: items.first(amount=True),
        lambda items: items.page(limit=0),
        lambda items: items.page(limit=1_001),
        lambda items: items.page(limit=True),
        lambda items: items.page(after="forged"),
        lambda items: items.page(after="", offset=1),
        lambda items: items.count(title__nonsense=1),
        lambda items: items.exists(title="x" * 5_001),
        lambda items: items.find(amount__in=range(501)),
        lambda items: anext(items.stream(amount__gt="1")),
        lambda items: items.remove_where(),
        lambda items: items.remove_where(unknown=1),
        lambda items: items.add(Item(title="\x00")),
        lambda items: items.add_many([Item(title="fine"), Item(title="\ud800")]),
        lambda items: items.update(Item(title="", amount=2**63)),
        lambda items: items.upsert(Item(title=None)),  # type: ignore[arg-type]
    ],
)
async def test_what_is_wrong_is_refused_before_the_store_is_asked(ask: Callable[[Items], object]) -> None:
    items = Items()
    with pytest.raises(ValidationException):
        await ask(items)  # type: ignore[misc]
    assert items.asked == []


async def test_writing_outside_of_a_transaction_does_not_reach_the_store() -> None:
    items = Items(InMemoryUnitOfWork())
    with pytest.raises(TransactionRequiredError, match=r"Items\.add was called"):
        await items.add(Item(title="a"))
    assert items.asked == []


async def test_a_question_reaches_the_store_checked_and_ordered() -> None:
    items = Items()
    await items.find(order=("-title",), limit=5, offset=2, amount__gte=1)
    await items.page(limit=10)
    await items.first()
    criterion = Criterion("amount", Lookup.GTE, 1)
    assert items.asked == [
        Selection((criterion,), (Order("title", True), Order("id", True)), 5, 2),
        Selection((), (Order("id"),), 11),
        Selection((), (Order("id"),), 1),
    ]


async def test_a_forged_cursor_never_reaches_the_store() -> None:
    items = Items()
    orders = (Order("amount"), Order("id"))
    for values in ((1, "no uuid"), ("1", new_id()), (None, new_id()), (2**63, new_id()), (1,)):
        forged = Cursor(values).encode(Items.cursor_key, (), orders)
        with pytest.raises(ValidationException) as told:
            await items.page(order=("amount",), after=forged)
        assert told.value.error_code == "INVALID_CURSOR"
    assert items.asked == []


async def test_an_empty_batch_asks_nothing() -> None:
    items = Items()
    assert await items.add_many([]) == []
    assert await items.update_many(iter(())) == []
    assert items.asked == []


@pytest.mark.requirement("REP-4")
async def test_many_are_one_call() -> None:
    items = Items()
    assert await items.add_many((Item(title="a") for _ in range(1_000)), is_return_require=False) == []
    assert items.asked == [("insert", 1_000)]


async def test_versions_are_counted_on_what_was_given() -> None:
    items, item = Items(), Item(title="a")
    await items.add(item)
    assert item.version == 1
    await items.update(item)
    assert item.version == 2
    await items.upsert(item)
    assert item.version == 7


class Cards(Recorder[Card, UUID]):
    pass


THERE = Criterion("removed_at", Lookup.IS_NULL, value=True)
GONE = Criterion("removed_at", Lookup.IS_NULL, value=False)


@pytest.mark.requirement("REP-9")
async def test_every_question_leaves_out_what_was_removed() -> None:
    cards = Cards()
    await cards.find(title="a")
    await cards.count()
    await cards.exists()
    await cards.project(Title)
    title = Criterion("title", Lookup.EQ, "a")
    order = (Order("id"),)
    assert cards.asked == [
        Selection((title, THERE), order),
        (THERE,),
        Selection((THERE,), limit=1),
        Selection((THERE,), order),
    ]


@pytest.mark.requirement("REP-9")
async def test_a_question_about_the_removal_is_asked_as_it_stands() -> None:
    cards = Cards()
    await cards.find(removed_at__is_null=False)
    await cards.find(removed_at=None)
    assert cards.asked == [
        Selection((GONE,), (Order("id"),)),
        Selection((Criterion("removed_at", Lookup.EQ, None),), (Order("id"),)),
    ]


@pytest.mark.requirement("REP-9")
async def test_removing_is_an_update_and_purging_is_for_good() -> None:
    cards, card, clock = Cards(), Card(title="a"), FrozenClock()
    cards.clock = clock
    await cards.remove(card)
    assert (card.removed_at, card.updated_at, card.version) == (clock.now(), clock.now(), 1)
    with pytest.raises(NotFoundException):
        await cards.remove(card)
    at = clock.advance(timedelta(seconds=1))
    await cards.restore(card)
    assert (card.removed_at, card.updated_at, card.version) == (None, at, 2)
    await cards.purge(title="a")
    assert cards.asked == [
        ("update", 1),
        ("update", 1),
        ("delete", (Criterion("title", Lookup.EQ, "a"), GONE)),
    ]


async def test_a_projection_reads_the_fields_that_it_names() -> None:
    items = in_memory(AbstractItems)
    await items.add_many([Item(title="a", amount=2), Item(title="b", amount=1)])
    lines = await items.project(Line, order=("amount",), limit=1)
    assert [line.amount for line in lines] == [1]
    assert type(lines[0]) is Line


@pytest.mark.parametrize("kind", ["unknown", "type", "optional"])
async def test_a_projection_onto_other_fields_is_a_mistake(kind: str) -> None:
    items = Items()
    with pytest.raises(TypeError, match=r"Wrong\.\w+"):
        await items.project(WRONG[kind])
    assert items.asked == []
