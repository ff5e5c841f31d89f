"""Indexes are made, found missing, made anew where they are different, and hold."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from fastapi_chassis.domain import AlreadyExistsException
from fastapi_chassis.plugins.odm import (
    DocumentDatabase,
    IndexesMissingError,
    ODMConfig,
    ODMIndexes,
    ODMStore,
    open_odm,
)
from fastapi_chassis.plugins.odm.indexes import wanted_indexes
from fastapi_chassis.plugins.odm.layout import EVENTS_INDEX, NOTES_INDEX
from fastapi_chassis.plugins.odm.testing import open_store
from tests.integration.plugins.odm.orders import Order, OrderRepository

pytestmark = pytest.mark.backends("ferretdb")

START = datetime(2024, 5, 1, tzinfo=UTC)


def store_at(config: ODMConfig) -> ODMStore:
    store = ODMStore(DocumentDatabase(config))
    store.repository(OrderRepository)
    return store


async def test_what_is_missing_is_named_and_made_once(config: ODMConfig) -> None:
    indexes = ODMIndexes(store_at(config).documents)
    missing = await indexes.pending()
    assert len(missing) == 19
    assert "order.chassis_unique_number is missing" in missing[0].what
    made = await indexes.migrate()
    assert made[0] == "index order.chassis_unique_number"
    assert len(made) == 19
    assert await indexes.pending() == []
    assert await indexes.migrate() == []


async def test_an_index_that_is_different_is_made_anew(config: ODMConfig) -> None:
    store = store_at(config)
    indexes = ODMIndexes(store.documents)
    await indexes.migrate()
    async with open_odm(store.documents) as database:
        await database["order"].drop_index("chassis_unique_number")
        await database["order"].create_index([("number", 1)], name="chassis_unique_number")
        (finding,) = await indexes.pending()
        assert "not as it should be" in finding.what
        assert await indexes.migrate() == ["index order.chassis_unique_number"]
        assert await indexes.pending() == []


async def test_values_that_stand_against_it_are_a_finding(config: ODMConfig) -> None:
    store = store_at(config)
    async with open_odm(store.documents) as database:
        await database["order"].insert_many([{"_id": 1, "number": 1}, {"_id": 2, "number": 1}])
        with pytest.raises(IndexesMissingError, match="the same values already"):
            await ODMIndexes(store.documents).migrate()


async def test_there_is_no_way_back(config: ODMConfig) -> None:
    with pytest.raises(IndexesMissingError, match="no revision 1"):
        await ODMIndexes(store_at(config).documents).downgrade("1")


def test_messages_and_notes_have_theirs_wherever_they_may_travel(config: ODMConfig) -> None:
    wanted = [str(one) for one in wanted_indexes(store_at(config).documents.layout)]
    for collection in ("order", "chassis_carrier"):
        assert f"{collection}.{EVENTS_INDEX}" in wanted
        assert f"{collection}.{NOTES_INDEX}" in wanted
        assert {f"{collection}.chassis_schedule_due", f"{collection}.chassis_schedule_key"} <= set(wanted)


@pytest.mark.parametrize(
    ("one", "other", "is_taken"),
    [
        ({}, {"buyer": "a"}, False),
        ({"buyer": "a"}, {"buyer": "a"}, True),
        ({"buyer": "a", "total": Decimal("1.0")}, {"buyer": "a", "total": Decimal(1)}, True),
        ({"buyer": "a", "total": Decimal("1" * 40)}, {"buyer": "a", "total": Decimal("1" * 39 + "2")}, False),
        ({"at": START}, {"at": START}, True),
        ({"at": START}, {"at": START + timedelta(microseconds=1)}, False),
        ({"at": START + timedelta(microseconds=1)}, {"at": START + timedelta(microseconds=1)}, True),
    ],
)
async def test_unique_values_are_exact_and_leave_nulls_alone(
    config: ODMConfig, one: dict[str, object], other: dict[str, object], is_taken: bool
) -> None:
    """Both commits have looked before either writes, so that the index alone can refuse the second."""
    async with open_store(config, OrderRepository) as store:
        orders = store.repository(OrderRepository)
        async with store.unit_of_work() as first, store.unit_of_work() as second:
            await orders(first).add(Order(number=1, **one))  # type: ignore[arg-type]  # fields
            await orders(second).add(Order(number=2, **other))  # type: ignore[arg-type]  # fields
            await first.commit()
            if is_taken:
                with pytest.raises(AlreadyExistsException, match=r"at is taken|buyer, total is taken"):
                    await second.commit()
            else:
                await second.commit()
        assert await orders(store.unit_of_work()).count() == (1 if is_taken else 2)
