"""What a unit of work keeps to itself, and when it refuses."""

import asyncio

import pytest

from fastapi_chassis.application import TransactionRequiredError
from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.odm import ODMSession, ODMStore
from fastapi_chassis.plugins.odm.layout import CARRIER
from tests.integration.plugins.odm.orders import Order, OrderRepository

pytestmark = [pytest.mark.backends("ferretdb"), pytest.mark.requirement("REP-7")]


async def test_nothing_is_written_outside_of_a_unit_of_work(store: ODMStore) -> None:
    session = ODMSession(store.documents)
    for refused in (
        lambda: session.carry("_notes", [{"key": "a"}]),
        lambda: session.claim("a"),
        session.must_be_open,
    ):
        with pytest.raises(TransactionRequiredError):
            refused()
    with pytest.raises(TransactionRequiredError):
        await session.hold("a")


async def test_what_travels_without_an_aggregate_has_a_carrier(store: ODMStore) -> None:
    session = ODMSession(store.documents)
    await session.begin()
    session.carry("_notes", [{"key": "first"}])
    session.carry("_notes", [{"key": "second"}])
    assert await store.documents.mongo[CARRIER].count_documents({}) == 0
    await session.commit()
    (carrier,) = await store.documents.mongo[CARRIER].find().to_list()
    assert [note["key"] for note in carrier["_notes"]] == ["first", "second"]
    assert not session.is_open


async def test_what_travels_with_an_aggregate_is_in_its_document(store: ODMStore) -> None:
    async with store.unit_of_work() as work:
        order = await store.repository(OrderRepository)(work).add(Order(number=1))
        work.session.carry("_notes", [{"key": "mine"}])
        await work.commit()
    found = await store.documents.mongo["order"].find_one({"_id": order.id})
    assert found is not None
    assert [note["key"] for note in found["_notes"]] == ["mine"]
    assert await store.documents.mongo[CARRIER].count_documents({}) == 0


async def test_a_claim_is_given_up_at_the_end(store: ODMStore) -> None:
    first, second = ODMSession(store.documents), ODMSession(store.documents)
    await first.begin()
    await second.begin()
    assert first.claim("answer 1")
    assert not second.claim("answer 1")
    await first.end()
    assert second.claim("answer 1")
    await second.end()


async def test_who_holds_is_waited_for_and_not_for_ever(store: ODMStore) -> None:
    store.documents.config = store.documents.config.model_copy(update={"lock_timeout": 0.1})
    first, second = ODMSession(store.documents), ODMSession(store.documents)
    await first.begin()
    await second.begin()
    await first.hold("order 1")
    with pytest.raises(UnavailableException):
        await second.hold("order 1")
    waiting = asyncio.create_task(second.hold("order 1"))
    await asyncio.sleep(0.02)
    await first.end()
    await waiting
    await second.end()


async def test_what_is_not_committed_is_forgotten(store: ODMStore) -> None:
    async with store.unit_of_work() as work:
        await store.repository(OrderRepository)(work).add(Order(number=1))
        work.session.carry("_notes", [{"key": "mine"}])
    for name in ("order", CARRIER):
        assert await store.documents.mongo[name].count_documents({}) == 0
