"""What is stored already, and who has which unique values, is found in one question."""

from decimal import Decimal

import pytest

from fastapi_chassis.plugins.odm import ODMStore
from fastapi_chassis.plugins.odm.codec import Document
from fastapi_chassis.plugins.odm.layout import StoredEntity
from fastapi_chassis.plugins.odm.meeting import Met, meet
from tests.integration.plugins.odm.orders import Order, OrderRepository

pytestmark = pytest.mark.backends("ferretdb")


def place_of(store: ODMStore) -> StoredEntity:
    return next(iter(store.documents.layout.entities))


async def met(store: ODMStore, *orders: Order) -> Met:
    place = place_of(store)
    collection = store.documents.mongo[place.collection]
    return await meet(collection, place, {order.id: order for order in orders})


async def add(store: ODMStore, order: Order, **also: Document) -> Order:
    async with store.unit_of_work() as work:
        await store.repository(OrderRepository)(work).add(order)
        await work.commit()
    if also:
        await store.documents.mongo["order"].update_one({"_id": order.id}, {"$set": also})
    return order


async def test_versions_and_owners(store: ODMStore) -> None:
    stored = await add(store, Order(number=1, buyer="ann", total=Decimal("1.0")))
    new = Order(number=1)
    found = await met(store, stored, new)
    assert found.versions == {stored.id: 1}
    assert found.taken(new.id, new) == ("number",)
    assert found.taken(stored.id, stored) is None


async def test_a_group_is_taken_as_a_whole_and_nulls_never(store: ODMStore) -> None:
    await add(store, Order(number=1, buyer="ann", total=Decimal("1.0")))
    same, other, nobody = (
        Order(number=2, buyer="ann", total=Decimal(1)),
        Order(number=3, buyer="ann", total=Decimal(2)),
        Order(number=4, total=Decimal(1)),
    )
    found = await met(store, same, other, nobody)
    assert found.taken(same.id, same) == ("buyer", "total")
    assert found.taken(other.id, other) is None
    assert found.taken(nobody.id, nobody) is None


async def test_what_was_removed_is_not_met(store: ODMStore) -> None:
    removed = await add(store, Order(number=1), _removed={"since": 1})
    found = await met(store, removed, Order(number=1))
    assert found.versions == {}
    assert found.owners.get(("number",), {}) == {}


async def test_a_batch_is_looked_at_as_it_will_be(store: ODMStore) -> None:
    first, second = Order(number=1), Order(number=1)
    found = await met(store, first, second)
    assert found.taken(first.id, first) is None
    found.write(first.id, first, 1)
    assert found.taken(second.id, second) == ("number",)
    first.number = 2
    found.write(first.id, first, 2)
    assert found.taken(second.id, second) is None
    assert found.versions == {first.id: 2}
