"""What a store gets for nothing, and what it has to fill itself."""

from uuid import UUID

import pytest

from fastapi_chassis.application import AbstractRepository, Selection
from fastapi_chassis.application.primitives import RepositoryPrimitives
from fastapi_chassis.domain import BaseAggregate, Criterion, Lookup, Order
from tests.unit.application.recorder import Recorder


class Item(BaseAggregate):
    title: str
    amount: int = 0


class Shelf(Recorder[Item, UUID]):
    """Answers every question with the same two."""

    items = (Item(title="a", amount=1), Item(title="b", amount=2))

    async def _select(self, selection: Selection) -> list[Item]:
        await super()._select(selection)
        return list(self.items[: selection.limit])


class Empty(Recorder[Item, UUID]):
    pass


class Forgetful(AbstractRepository[Item, UUID]):
    pass


CRITERIA = (Criterion("amount", Lookup.GTE, 1),)


async def test_a_projection_takes_the_named_fields_of_whole_entities_in_their_order() -> None:
    shelf = Shelf()
    asked = Selection(CRITERIA, (Order("title"),), limit=5, offset=1)
    assert await shelf._project(asked, ("amount", "title")) == [(1, "a"), (2, "b")]
    assert await shelf._project(asked, ("id",)) == [(item.id,) for item in Shelf.items]
    assert shelf.asked == [asked, asked]


async def test_whether_anything_matches_is_asked_by_reading_one() -> None:
    shelf, empty = Shelf(), Empty()
    assert await shelf._exists(list(CRITERIA)) is True
    assert await empty._exists(()) is False
    assert shelf.asked == [Selection(CRITERIA, limit=1)]
    assert empty.asked == [Selection((), limit=1)]


@pytest.mark.requirement("REP-1")
def test_a_store_that_leaves_out_a_primitive_makes_no_repository() -> None:
    left_to_the_store = {
        "_get", "_select", "_stream", "_count", "_insert", "_update", "_upsert", "_remove", "_delete",
    }  # fmt: skip
    assert RepositoryPrimitives.__abstractmethods__ == left_to_the_store
    for name in left_to_the_store:
        filled = {each: getattr(Recorder, each) for each in left_to_the_store - {name}}
        store = type("Store", (Forgetful,), filled)
        with pytest.raises(TypeError, match=f"abstract method '{name}'"):
            store()
