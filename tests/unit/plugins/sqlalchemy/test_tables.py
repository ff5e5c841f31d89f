from datetime import datetime
from decimal import Decimal
from enum import Enum, StrEnum
from uuid import UUID

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    Uuid,
)
from sqlalchemy import Enum as EnumType

from fastapi_chassis.application import AbstractRepository
from fastapi_chassis.domain import BaseAggregate, WiringError
from fastapi_chassis.plugins.sqlalchemy import table_for
from fastapi_chassis.plugins.sqlalchemy.columns import SqliteDecimal
from fastapi_chassis.plugins.sqlalchemy.tables import findings_of, has_unique, unique_groups
from fastapi_chassis.plugins.sqlalchemy.testing import sqlite_store


class Size(StrEnum):
    SMALL = "s"
    LARGE = "l"


class Mixed(Enum):
    ONE = 1
    TWO = "two"


class StoreItem(BaseAggregate):
    title: str
    note: str | None = None
    price: Decimal = Decimal(0)
    size: Size = Size.SMALL
    meta: dict[str, object] | None = None
    created_at: datetime


def given(*changes: Column) -> Table:
    columns = {
        "id": Column("id", Uuid, primary_key=True),
        "version": Column("version", Integer, nullable=False),
        "title": Column("title", String(50), nullable=False),
        "note": Column("note", Text),
        "price": Column("price", Numeric(12, 6), nullable=False),
        "size": Column("size", String(1), nullable=False),
        "meta": Column("meta", JSON),
        "created_at": Column("created", DateTime(timezone=True), key="created_at", nullable=False),
    }
    columns |= {column.key: column for column in changes}
    return Table("shop_items", MetaData(), *columns.values())


@pytest.mark.requirement("REP-1")
def test_a_table_is_derived_from_the_fields():
    table = table_for(StoreItem, MetaData(), unique=(("title",), ("note", "size")))
    assert table.name == "store_item"
    assert [column.name for column in table.primary_key] == ["id"]
    assert {column.name for column in table.columns if column.nullable} == {"note", "meta"}
    assert set(unique_groups(table)) == {("title",), ("note", "size")}
    assert has_unique(table)


def test_a_table_is_derived_once_and_gathers_what_is_unique():
    metadata = MetaData()
    first = table_for(StoreItem, metadata)
    assert not has_unique(first)
    assert table_for(StoreItem, metadata, unique=(("title",),)) is first
    assert table_for(StoreItem, metadata, unique=(("title",),)) is first
    assert unique_groups(first) == (("title",),)


def test_two_entities_of_one_name_are_a_finding():
    metadata = MetaData()
    table_for(StoreItem, metadata)
    with pytest.raises(WiringError, match="table of its own"):
        table_for(type("StoreItem", (BaseAggregate,), {}), metadata)


def test_fields_without_column_are_findings_all_at_once():
    class Odd(BaseAggregate):
        one: Mixed
        two: Mixed

    with pytest.raises(WiringError) as told:
        table_for(Odd, MetaData())
    assert [finding.what.split(":")[0].rpartition(".")[2] for finding in told.value.findings] == [
        "one",
        "two",
    ]


def test_a_table_that_fits_has_no_findings():
    assert findings_of(StoreItem, given(), "id") == []
    assert findings_of(StoreItem, given(Column("size", EnumType(Size), nullable=False)), "id") == []
    assert findings_of(StoreItem, given(Column("extra", Text)), "id") == []
    assert (
        findings_of(StoreItem, given(Column("extra", Text, nullable=False, server_default="x")), "id") == []
    )


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (Column("title", Text), "title is never None, and its column may be null"),
        (Column("note", Text, nullable=False), "note may be None, and its column may not be null"),
        (Column("title", BigInteger, nullable=False), "title is str, and its column holds int"),
        (Column("version", Boolean, nullable=False), "version is int, and its column holds bool"),
        (Column("created_at", DateTime, nullable=False), "DateTime(timezone=True)"),
        (Column("meta", Text), "meta is dict, and its column holds str"),
        (Column("extra", Text, nullable=False), "extra must have a value"),
        (Column("id", Uuid, nullable=False), "its primary key is missing, and the identity is id"),
        (Column("id", String(36), primary_key=True), "id is UUID, and its column holds str"),
    ],
)
def test_a_table_that_does_not_fit_is_a_finding(change, fault):
    (finding,) = findings_of(StoreItem, given(change), "id")
    assert fault in finding.what
    assert finding.where == "table shop_items"


def test_every_fault_of_a_table_is_told_at_once():
    table = Table("t", MetaData(), Column("id", Uuid, primary_key=True))
    assert len(findings_of(StoreItem, table, "id")) == 7


EXACT = Numeric(30, 6).with_variant(SqliteDecimal(), "sqlite")


@pytest.mark.parametrize("kind", [Numeric, Numeric(16, 2), Numeric(30, 6)])
def test_digits_that_sqlite_would_lose_are_a_finding_there(kind):
    table = given(Column("price", kind, nullable=False))
    (finding,) = findings_of(StoreItem, table, "id", "sqlite")
    assert "SQLite keeps 15 digits of price" in finding.what
    assert "SqliteDecimal" in finding.remedy
    assert findings_of(StoreItem, table, "id", "postgresql") == []


@pytest.mark.parametrize("kind", [Numeric(15, 2), EXACT])
def test_digits_that_sqlite_keeps_are_no_finding(kind):
    assert findings_of(StoreItem, given(Column("price", kind, nullable=False)), "id", "sqlite") == []


@pytest.mark.requirement("REP-1")
async def test_a_given_table_with_an_exact_number_keeps_and_compares_every_digit(tmp_path):
    table = given(Column("price", EXACT, nullable=False))
    prices = [
        Decimal("123456789012345678901234.000001"),
        Decimal("123456789012345678901234.000002"),
        Decimal(9),
    ]
    made = datetime.fromisoformat("2024-01-01T12:00:00+00:00")
    async with sqlite_store(tmp_path) as store:
        bound = store.repository(AbstractRepository[StoreItem, UUID], table)
        async with store.database.engine.begin() as connection:
            await connection.run_sync(table.metadata.create_all)
        async with store.unit_of_work() as work:
            await bound(work).add_many([StoreItem(title="a", price=one, created_at=made) for one in prices])
            await work.commit()
        items = bound(store.unit_of_work())
        assert [one.price for one in await items.find(order=("price",))] == [prices[2], prices[0], prices[1]]
        assert await items.count(price__gt=prices[0]) == 1


@pytest.mark.requirement("REP-1")
async def test_a_given_table_keeps_what_plain_types_would_lose(tmp_path):
    table = given()
    repository = AbstractRepository[StoreItem, UUID]
    item = StoreItem(
        title="Dune",
        price=Decimal("19.990001"),
        created_at=datetime.fromisoformat("2024-01-01T12:00:00.000001+02:00"),
    )
    cheap = item.__class__(title="cheap", price=Decimal("9.5"), created_at=item.created_at, size=Size.LARGE)
    async with sqlite_store(tmp_path) as store:
        bound = store.repository(repository, table)
        async with store.database.engine.begin() as connection:
            await connection.run_sync(table.metadata.create_all)
        async with store.unit_of_work() as work:
            await bound(work).add_many([item, cheap])
            await work.commit()
        items = bound(store.unit_of_work())
        assert vars(await items.get(item.id)) == vars(item)
        assert await items.count(created_at__lte=item.created_at) == 2
        assert [one.title for one in await items.find(order=("price",))] == ["cheap", "Dune"]
        assert await items.count(price__gt=Decimal(10)) == 1
        assert await items.count(size=Size.LARGE) == 1


class Engine:
    pass


class Car(BaseAggregate):
    engine: Engine


def test_a_type_that_pydantic_does_not_know_is_a_finding():
    with pytest.raises(WiringError, match="pydantic does not know the type"):
        table_for(Car, MetaData(), identity="id", unique=())
