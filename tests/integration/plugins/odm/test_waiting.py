"""What waits is lent to one unit of work at a time, and comes free when that is gone."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from fastapi_chassis.domain import TransientConflictException
from fastapi_chassis.messaging import schedule_for
from fastapi_chassis.plugins.odm import ODMSession, ODMStore, waiting
from fastapi_chassis.plugins.odm.layout import CARRIER
from fastapi_chassis.plugins.odm.notes import micros, noted
from fastapi_chassis.plugins.odm.waiting import (
    NOBODY,
    Waiting,
    WaitingLoan,
    element_of,
    forget,
    tidy,
    waiting_under,
)
from fastapi_chassis.testing.contracts.envelopes import envelope, numbers
from tests.integration.plugins.odm.orders import Order, OrderRepository

pytestmark = [pytest.mark.backends("ferretdb"), pytest.mark.requirement("MSG-8", "REP-7")]

DUE = datetime(2030, 1, 1, tzinfo=UTC)
LONG_AGO = timedelta(days=2)


async def put(store: ODMStore, *keys: str) -> list[Waiting]:
    async with store.unit_of_work() as work:
        order = Order(number=1)
        await store.repository(OrderRepository)(work).add(order)
        elements = [element_of(key, envelope(n), place=n, due=micros(DUE)) for n, key in enumerate(keys)]
        work.session.carry("_schedule", elements)
        await work.commit()
    return await waiting_under(store.documents, keys)


async def lent_until(store: ODMStore, moment: datetime | None) -> None:
    """Has every lease end at a time, as if it had been given long ago; None for never given."""
    until = NOBODY if moment is None else micros(moment)
    for name in store.documents.layout.carrying:
        await store.documents.mongo[name].update_many(
            {"_schedule.0": {"$exists": True}}, {"$set": {"_schedule.$[].until": until}}
        )


async def note(store: ODMStore, one: Waiting, at: datetime) -> None:
    session = ODMSession(store.documents)
    await session.begin()
    session.carry("_notes", [{"key": one.note, "ended": micros(at)}])
    await session.commit()


async def keys(store: ODMStore, *several: str) -> list[str]:
    return sorted(one.key for one in await waiting_under(store.documents, several))


async def test_what_waits_is_found_with_its_message(store: ODMStore) -> None:
    found = await put(store, "a", "b")
    assert [(one.collection, one.key, one.due, one.until) for one in found] == [
        ("order", "a", micros(DUE), NOBODY),
        ("order", "b", micros(DUE), NOBODY),
    ]
    assert numbers(one.read() for one in found) == [0, 1]
    assert await keys(store, "b", "c") == ["b"]
    assert await waiting_under(store.documents, []) == []


async def test_of_many_one_gets_it(store: ODMStore) -> None:
    wanted = await put(store, *(f"key {number}" for number in range(20)))
    loans = [WaitingLoan(store.documents) for _ in range(4)]
    got = await asyncio.gather(*(loan.borrow(wanted) for loan in loans))
    assert sorted(one.key for part in got for one in part) == sorted(one.key for one in wanted)
    mine = max(range(4), key=lambda number: len(got[number]))
    assert await loans[mine].borrow(wanted) == got[mine]


async def test_it_comes_free_with_the_end_and_with_the_lease(store: ODMStore) -> None:
    wanted = await put(store, "a")
    first, second, third = (WaitingLoan(store.documents) for _ in range(3))
    assert await first.borrow(wanted)
    assert not await second.borrow(wanted)
    await first.end(is_done=False)
    assert await second.borrow(wanted)
    assert not await third.borrow(wanted)
    await lent_until(store, datetime.now(UTC) - timedelta(seconds=1))
    assert await third.borrow(wanted)


async def test_only_what_the_commit_ended_is_removed(store: ODMStore) -> None:
    wanted = await put(store, "a", "b")
    loan = WaitingLoan(store.documents)
    await loan.borrow(wanted)
    loan.note_end(wanted[:1])
    await loan.end(is_done=True)
    assert await keys(store, "a", "b") == ["b"]
    assert await WaitingLoan(store.documents).borrow(wanted[1:])


async def test_before_the_commit_it_looks_again(store: ODMStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LEASE", timedelta(microseconds=1))
    wanted = await put(store, "a")
    slow, quick = WaitingLoan(store.documents), WaitingLoan(store.documents)
    assert await slow.borrow(wanted)
    monkeypatch.setattr(waiting, "LEASE", timedelta(minutes=1))
    slow._since -= 60
    await slow.renew()
    assert not await quick.borrow(wanted)
    await lent_until(store, datetime.now(UTC) - timedelta(seconds=1))
    assert await quick.borrow(wanted)
    with pytest.raises(TransientConflictException, match="meanwhile"):
        await slow.renew()


async def test_what_is_forgotten_takes_its_carrier_along(store: ODMStore) -> None:
    async with store.unit_of_work() as work:
        await schedule_for(work.session).put("a", envelope(1), DUE)
        await work.commit()
    await put(store, "b")
    await forget(store.documents, await waiting_under(store.documents, ["a", "b"]))
    assert await store.documents.mongo[CARRIER].count_documents({}) == 0
    assert await store.documents.mongo["order"].count_documents({}) == 1


async def test_what_the_dead_had_ended_is_removed_before_its_note_is(store: ODMStore) -> None:
    ended, back, young = await put(store, "ended", "back", "young")
    now = datetime.now(UTC)
    await note(store, ended, now - LONG_AGO)
    await note(store, young, now)
    await lent_until(store, now - timedelta(hours=1))
    await tidy(store.documents)
    (left,) = await waiting_under(store.documents, ["ended", "back", "young"])
    assert (left.id, left.until) == (back.id, NOBODY)
    assert await noted(store.documents, [ended.note, back.note, young.note]) == {young.note}


async def test_what_may_yet_be_committed_is_left_alone(store: ODMStore) -> None:
    (one,) = await put(store, "a")
    loan = WaitingLoan(store.documents)
    await loan.borrow([one])
    await tidy(store.documents)
    await loan.end(is_done=False)
    await tidy(store.documents)
    (left,) = await waiting_under(store.documents, ["a"])
    assert left.until > NOBODY, "a commit whose answer was lost may be seen later"
