"""Notes are found wherever they were kept, and forgotten with what was kept for them alone."""

from datetime import UTC, datetime, timedelta

import pytest

from fastapi_chassis.plugins.odm import ODMSession, ODMStore
from fastapi_chassis.plugins.odm.layout import CARRIER
from fastapi_chassis.plugins.odm.notes import carry, find_note, micros, moment_of, noted, purge_notes
from tests.integration.plugins.odm.orders import Order, OrderRepository

pytestmark = [pytest.mark.backends("ferretdb"), pytest.mark.requirement("REP-7")]

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def note(key: str, at: datetime = NOW) -> dict[str, object]:
    return {"key": key, "at": micros(at)}


async def keep(store: ODMStore, *notes: dict[str, object]) -> None:
    session = ODMSession(store.documents)
    await session.begin()
    await carry(session, "_notes", notes)
    await session.commit()


async def test_a_note_is_found_in_an_aggregate_and_in_a_carrier(store: ODMStore) -> None:
    await keep(store, note("carried"))
    async with store.unit_of_work() as work:
        await store.repository(OrderRepository)(work).add(Order(number=1))
        await carry(work.session, "_notes", [note("with the order"), note("with it too")])
        await work.commit()
    for key in ("carried", "with the order", "with it too"):
        found = await find_note(store.documents, key)
        assert found is not None
        assert found["key"] == key
    assert await find_note(store.documents, "with") is None


async def test_old_ones_are_forgotten_and_what_carried_them_goes(store: ODMStore) -> None:
    await keep(store, note("old"), note("older", NOW - timedelta(days=1)))
    await keep(store, note("young", NOW + timedelta(days=1)))
    async with store.unit_of_work() as work:
        order = await store.repository(OrderRepository)(work).add(Order(number=1))
        await carry(work.session, "_notes", [note("of the order")])
        await work.commit()
    assert await purge_notes(store.documents, NOW + timedelta(seconds=1), limit=100) == 3
    assert await find_note(store.documents, "young") is not None
    assert await store.documents.mongo[CARRIER].count_documents({}) == 1
    assert await store.repository(OrderRepository)(store.unit_of_work()).get(order.id) == order


async def test_no_more_are_forgotten_than_was_said(store: ODMStore) -> None:
    for number in range(5):
        await keep(store, note(str(number)))
    assert await purge_notes(store.documents, NOW + timedelta(seconds=1), limit=2) == 2
    left = [await find_note(store.documents, str(number)) for number in range(5)]
    assert sum(one is not None for one in left) == 3


@pytest.mark.parametrize("moment", [NOW, NOW + timedelta(microseconds=1), datetime(1969, 1, 1, tzinfo=UTC)])
def test_moments_are_exact(moment: datetime) -> None:
    assert moment_of(micros(moment)) == moment


async def test_many_are_looked_for_at_once(store: ODMStore) -> None:
    await keep(store, note("a"), note("b"))
    await keep(store, note("c"))
    assert await noted(store.documents, ["a", "c", "d"]) == {"a", "c"}
    assert await noted(store.documents, []) == set()


async def test_those_that_say_their_time_elsewhere_are_kept(store: ODMStore) -> None:
    await keep(store, note("old"), {"key": "ended", "ended": micros(NOW)})
    later = NOW + timedelta(seconds=1)
    assert await purge_notes(store.documents, later, limit=10) == 1
    assert await noted(store.documents, ["old", "ended"]) == {"ended"}
    assert await purge_notes(store.documents, later, limit=10, stamp="ended") == 1
    assert await store.documents.mongo[CARRIER].count_documents({}) == 0
