"""What one atomic command writes: an aggregate, its removal, and what travels with it."""

from datetime import datetime, timedelta

import pytest

from fastapi_chassis.domain import ConflictException, NotFoundException
from fastapi_chassis.messaging import EnvelopeWriter, MessagingConfig, OutboxPublisher, codec_for
from fastapi_chassis.plugins.odm import ODMConfig, ODMStore
from fastapi_chassis.plugins.odm.codec import REMOVED
from fastapi_chassis.plugins.odm.layout import CARRIER
from fastapi_chassis.plugins.odm.pending import remove_all, stored_version
from fastapi_chassis.plugins.odm.testing import open_store
from fastapi_chassis.testing.contracts.outbox import claimed
from fastapi_chassis.testing.contracts.samples import Sample, SampleRepository
from tests.integration.plugins.odm.orders import Order, OrderRepository

pytestmark = [pytest.mark.backends("ferretdb"), pytest.mark.requirement("REP-7")]


async def add(store: ODMStore, number: int, *notes: str) -> Order:
    async with store.unit_of_work() as work:
        order = await store.repository(OrderRepository)(work).add(Order(number=number))
        if notes:
            work.session.carry("_notes", [{"key": key} for key in notes])
        await work.commit()
    return order


async def remove(store: ODMStore, order: Order, *notes: str) -> None:
    async with store.unit_of_work() as work:
        await store.repository(OrderRepository)(work).remove(order)
        if notes:
            work.session.carry("_notes", [{"key": key} for key in notes])
        await work.commit()


async def documents(store: ODMStore) -> list[dict[str, object]]:
    return await store.documents.mongo["order"].find().to_list()


async def test_a_bare_aggregate_leaves_nothing_behind(store: ODMStore) -> None:
    await remove(store, await add(store, 1))
    assert await documents(store) == []


async def test_what_waits_beside_a_removed_aggregate_stays(store: ODMStore) -> None:
    order = await add(store, 1, "before")
    await remove(store, order, "with the removal")
    (left,) = await documents(store)
    assert left.keys() == {"_id", REMOVED, "_outbox", "_notes", "_schedule", "_audit"}
    assert [note["key"] for note in left["_notes"]] == ["before", "with the removal"]  # type: ignore[attr-defined]  # a list
    orders = store.repository(OrderRepository)(store.unit_of_work())
    assert await orders.get_or_none(order.id) is None
    assert await orders.count() == 0


async def test_its_place_is_taken_again_and_the_old_notes_go_first(store: ODMStore) -> None:
    order = await add(store, 1, "before")
    await remove(store, order)
    again = Order(id=order.id, number=2)
    async with store.unit_of_work() as work:
        await store.repository(OrderRepository)(work).add(again)
        work.session.carry("_notes", [{"key": "after"}])
        await work.commit()
    (document,) = await documents(store)
    assert [note["key"] for note in document["_notes"]] == ["before", "after"]  # type: ignore[attr-defined]  # a list
    assert await stored_version(store.documents.mongo["order"], order.id) == 1


async def test_somebody_else_was_quicker(store: ODMStore) -> None:
    order = await add(store, 1)
    orders = store.repository(OrderRepository)(store.unit_of_work())
    one, other = await orders.get(order.id), await orders.get(order.id)
    one.number = other.number = 2
    async with store.unit_of_work() as first, store.unit_of_work() as second:
        await store.repository(OrderRepository)(first).update(one)
        await store.repository(OrderRepository)(second).update(other)
        second.session.carry("_notes", [{"key": "lost"}])
        await first.commit()
        with pytest.raises(ConflictException) as told:
            await second.commit()
    assert told.value.details["current_version"] == 2
    assert await store.documents.mongo["order"].count_documents({"_notes.key": "lost"}) == 0
    assert order.version == 1


async def test_what_was_removed_meanwhile_is_not_found(store: ODMStore) -> None:
    order = await add(store, 1)
    async with store.unit_of_work() as work:
        order.number = 2
        await store.repository(OrderRepository)(work).update(order)
        await store.documents.mongo["order"].delete_one({"_id": order.id})
        with pytest.raises(NotFoundException):
            await work.commit()


async def test_added_and_removed_in_one_unit_is_nothing_but_what_travels(store: ODMStore) -> None:
    async with store.unit_of_work() as work:
        orders = store.repository(OrderRepository)(work)
        order = await orders.add(Order(number=1))
        await orders.remove(order)
        work.session.carry("_notes", [{"key": "only"}])
        await work.commit()
    assert await documents(store) == []
    assert await store.documents.mongo[CARRIER].count_documents({"_notes.key": "only"}) == 1


async def test_many_are_removed_and_those_with_notes_leave_them(store: ODMStore) -> None:
    bare, noted, other = await add(store, 1), await add(store, 2, "kept"), await add(store, 3)
    collection = store.documents.mongo["order"]
    await remove_all(collection, (bare.id, noted.id, other.id), {"number": {"$lt": 3}})
    left = {one["_id"]: one for one in await documents(store)}
    assert left.keys() == {noted.id, other.id}
    assert REMOVED in left[noted.id]
    assert REMOVED not in left[other.id]
    assert await stored_version(collection, noted.id) is None


@pytest.mark.parametrize("patience", [1.0, 600.0])
async def test_a_tombstone_has_the_time_of_the_server_however_patient_the_client(
    config: ODMConfig, patience: float
) -> None:
    """The client's time-out travels with every command, beside the pipeline that says `$$NOW`."""
    config = config.model_copy(update={"command_timeout": patience})
    sink = OutboxPublisher(EnvelopeWriter(codec_for(MessagingConfig()), source="test"))
    async with open_store(config, SampleRepository) as store:
        async with store.unit_of_work() as work:
            sample = await store.repository(SampleRepository)(work).add(Sample(code="a"))
            await work.commit()
        async with store.unit_of_work(sink=sink) as work:
            sample.rename("gone")
            await store.repository(SampleRepository)(work).remove(sample)
            await work.commit()
        (left,) = await store.documents.mongo["sample"].find().to_list()
        now = (await store.documents.mongo.command("hello"))["localTime"]
        assert isinstance(left[REMOVED], datetime)
        assert abs(now.replace(tzinfo=left[REMOVED].tzinfo) - left[REMOVED]) < timedelta(seconds=10)
        claim = await claimed(store.outbox(), "test", limit=10)
        (entry,) = claim.entries
        assert not await store.outbox().settle(claim, published=[entry.sequence], failed={})
        assert await store.documents.mongo["sample"].find().to_list() == []
