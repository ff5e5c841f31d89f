"""Records of the audit lie beside the work until they have their place in the chain, each once."""

import asyncio
from collections.abc import Sequence

import pytest

from fastapi_chassis.audit import AuditQuery, AuditRecord, audit_store_for, verify_chain
from fastapi_chassis.plugins.odm import ODMConfig, ODMStore
from fastapi_chassis.plugins.odm.layout import CARRIER, CHAIN
from fastapi_chassis.plugins.odm.testing import open_store
from fastapi_chassis.testing.contracts.audit_store import event
from tests.integration.plugins.odm.orders import Order, OrderRepository

pytestmark = [pytest.mark.backends("ferretdb"), pytest.mark.requirement("SEC-7", "REP-7")]


async def append(store: ODMStore, action: str, *, dies: bool = False) -> None:
    """Adds a record with a new order; a process that dies has committed, and does no more."""
    async with store.unit_of_work() as work:
        number = await store.repository(OrderRepository)(work).count()
        await store.repository(OrderRepository)(work).add(Order(number=number))
        await audit_store_for(work.session).append([event(action)])
        if dies:
            work.session.loans.clear()
        await work.commit()


async def found(store: ODMStore, query: AuditQuery | None = None) -> Sequence[AuditRecord]:
    return await audit_store_for(store.unit_of_work().session).find(query or AuditQuery())


async def actions(store: ODMStore) -> list[str]:
    return [record.event.action for record in await found(store)]


async def test_with_the_commit_a_record_is_in_the_chain(store: ODMStore) -> None:
    await append(store, "first")
    mongo = store.documents.mongo
    assert [one["action"] async for one in mongo[CHAIN].find()] == ["first"]
    assert [one["_audit"] async for one in mongo["order"].find()] == [[]]


async def test_what_the_dead_left_behind_is_put_there_by_the_next(store: ODMStore) -> None:
    await append(store, "first", dies=True)
    assert await store.documents.mongo[CHAIN].count_documents({}) == 0
    await append(store, "second")
    assert await actions(store) == ["first", "second"]


async def test_what_the_dead_had_put_there_is_not_put_there_again(store: ODMStore) -> None:
    await append(store, "first", dies=True)
    before = await store.documents.mongo["order"].find_one({})
    assert before is not None
    assert await actions(store) == ["first"]
    await store.documents.mongo["order"].update_one({}, {"$set": {"_audit": before["_audit"]}})
    assert await actions(store) == ["first"]
    assert await store.documents.mongo["order"].count_documents({"_audit.0": {"$exists": True}}) == 0


async def test_what_tells_of_no_aggregate_leaves_no_carrier(store: ODMStore) -> None:
    async with store.unit_of_work() as work:
        await audit_store_for(work.session).append([event("alone")])
        await work.commit()
    assert await actions(store) == ["alone"]
    assert await store.documents.mongo[CARRIER].count_documents({}) == 0


async def test_it_outlives_what_it_tells_of(store: ODMStore) -> None:
    await append(store, "made", dies=True)
    async with store.unit_of_work() as work:
        orders = store.repository(OrderRepository)(work)
        await orders.remove((await orders.find())[0])
        await work.commit()
    assert await actions(store) == ["made"]
    assert await store.documents.mongo["order"].count_documents({}) == 0


async def test_processes_at_once_make_one_chain(store: ODMStore, config: ODMConfig) -> None:
    async with open_store(config, OrderRepository) as one, open_store(config, OrderRepository) as other:

        async def write(place: ODMStore, number: int) -> None:
            async with place.unit_of_work() as work:
                await audit_store_for(work.session).append([event(f"{number}"), event(f"{number} again")])
                await work.commit()

        await asyncio.gather(*(write((store, one, other)[number % 3], number) for number in range(12)))
    report = await verify_chain(audit_store_for(store.unit_of_work().session))
    assert (report.is_intact, report.checked) == (True, 24)


async def test_a_change_shows(store: ODMStore) -> None:
    await append(store, "first")
    await append(store, "second")
    await store.documents.mongo[CHAIN].update_one({"_id": 1}, {"$set": {"actor": "eve"}})
    report = await verify_chain(audit_store_for(store.unit_of_work().session))
    assert (report.is_intact, report.fault) == (False, "record 1 was changed")
