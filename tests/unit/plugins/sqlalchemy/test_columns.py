from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from uuid import UUID

import pytest
from sqlalchemy.dialects import postgresql, sqlite

from fastapi_chassis.application import AbstractRepository
from fastapi_chassis.domain import BaseAggregate, ValueObject, shape_of
from fastapi_chassis.plugins.sqlalchemy.columns import column_type, dump_json
from fastapi_chassis.plugins.sqlalchemy.testing import sqlite_store


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Mixed(Enum):
    ONE = 1
    TWO = "two"


class Address(ValueObject):
    street: str
    since: datetime
    codes: tuple[int, ...] = ()


class Everything(BaseAggregate):
    address: Address | None = None
    addresses: list[Address] = None
    by_name: dict[str, Decimal] = None
    by_number: dict[int, str] = None
    level: Level = Level.LOW
    opens: time = time(8, 30, 0, 5)
    lasts: timedelta = timedelta(0)
    either: int | str = 1


DIALECTS = {"postgresql": postgresql.dialect(), "sqlite": sqlite.dialect()}


def sql_of(annotation: type, dialect: str) -> str:
    holder = dataclass(type("Holder", (), {"__annotations__": {"field": annotation}}))
    shown = column_type(shape_of(holder)["field"]).compile(dialect=DIALECTS[dialect])
    return shown.replace('"chassis_decimal"', "chassis_decimal")  # quoted by some versions of SQLAlchemy


@pytest.mark.parametrize(
    ("annotation", "on_postgresql", "on_sqlite"),
    [
        (str, 'TEXT COLLATE "C"', "TEXT"),
        (int, "BIGINT", "BIGINT"),
        (float, "DOUBLE PRECISION", "DOUBLE"),
        (bool, "BOOLEAN", "BOOLEAN"),
        (Decimal, "NUMERIC", "TEXT COLLATE chassis_decimal"),
        (datetime, "TIMESTAMP WITH TIME ZONE", "TEXT"),
        (date, "DATE", "DATE"),
        (timedelta, "INTERVAL", "BIGINT"),
        (UUID, "UUID", "CHAR(32)"),
        (bytes, "BYTEA", "BLOB"),
        (dict, "JSONB", "JSON"),
        (list[str], "JSONB", "JSON"),
        (Address, "JSONB", "JSON"),
        (Level, "BIGINT", "BIGINT"),
    ],
)
def test_a_type_has_its_column(annotation, on_postgresql, on_sqlite):
    assert (sql_of(annotation, "postgresql"), sql_of(annotation, "sqlite")) == (on_postgresql, on_sqlite)


def test_an_enum_of_several_kinds_has_no_column():
    with pytest.raises(ValueError, match="Mixed"):
        sql_of(Mixed, "sqlite")


@pytest.mark.requirement("REP-1")
async def test_nested_values_come_back_as_they_were(tmp_path):
    home = Address(street="é", since=datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=2))), codes=(1, 2))
    stored = Everything(
        address=home,
        addresses=[home],
        by_name={"a": Decimal("1.10")},
        by_number={1: "one"},
        level=Level.HIGH,
        lasts=timedelta(days=-1, microseconds=3),
        either="1",
    )
    repository = AbstractRepository[Everything, UUID]
    async with sqlite_store(tmp_path, repository) as store:
        async with store.unit_of_work() as work:
            await store.repository(repository)(work).add(stored)
            await work.commit()
        found = await store.repository(repository)(store.unit_of_work()).get(stored.id)
    assert vars(found) == vars(stored)
    assert isinstance(found.address, Address)
    assert isinstance(found.level, Level)


def test_json_is_written_once_and_strictly():
    assert dump_json({"é": [1, None]}) == '{"é":[1,null]}'
    with pytest.raises(ValueError, match="JSON"):
        dump_json(float("nan"))
    with pytest.raises(TypeError):
        dump_json(object())


def test_two_documents_of_different_kinds_do_not_share_a_compiled_statement():
    fields = shape_of(Everything)
    one, other = column_type(fields["address"]), column_type(fields["addresses"])
    assert one._static_cache_key != other._static_cache_key


def test_times_lie_in_utc_in_one_width():
    bind = (
        column_type(shape_of(Address)["since"])
        .dialect_impl(DIALECTS["sqlite"])
        .bind_processor(DIALECTS["sqlite"])
    )
    assert bind(datetime(987, 1, 1, tzinfo=UTC)) == "0987-01-01 00:00:00.000000"
    assert bind(datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))) == "2023-12-31 23:00:00.000000"
