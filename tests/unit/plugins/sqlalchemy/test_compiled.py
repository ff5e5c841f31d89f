from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import (
    ARRAY,
    Column,
    Double,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.types import TypeDecorator

from fastapi_chassis.plugins.sqlalchemy.columns import PlainUuid
from fastapi_chassis.plugins.sqlalchemy.compiled import Statement, copy_target
from fastapi_chassis.plugins.sqlalchemy.dialects import DIALECTS

DRIVER = DIALECTS["postgresql"].driver


class Shouted(TypeDecorator[str]):
    """Text that is stored in capitals and read in small letters."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return value.upper()

    def process_result_value(self, value, dialect):
        return value.lower()


class Trimmed(TypeDecorator[str]):
    """Text that the database trims."""

    impl = Text
    cache_ok = True

    def bind_expression(self, bindparam):
        return func.trim(bindparam, type_=self)


TABLE = Table(
    "t",
    MetaData(),
    Column("id", PlainUuid, primary_key=True),
    Column("word", Shouted),
    Column("price", Numeric),
    Column("weight", Double),
    Column("words", ARRAY(Text)),
)


def compiled(element):
    found = Statement(element, DRIVER).compiled
    assert found is not None
    return found


def test_values_stand_in_the_order_of_the_text_and_are_fit_for_the_driver():
    made = compiled(
        update(TABLE)
        .values(word=bindparam("new"), weight=TABLE.c.weight + 2)
        .where(TABLE.c.id == bindparam("key"), TABLE.c.word == bindparam("old", type_=Shouted()))
    )
    key = UUID(int=1)
    arguments = made.arguments({"old": "a", "key": key, "new": "b"})
    positions = [made.text.index(f"${number}") for number in range(1, 5)]
    assert positions == sorted(positions)
    assert arguments == ["B", 2, key, "A"]


def test_rows_hold_what_the_entity_holds():
    made = compiled(select(TABLE.c.price, TABLE.c.word, TABLE.c.weight))
    price = Decimal("1.10")
    assert [tuple(row) for row in made.rows([(price, "A", 1.5)])] == [(price, "a", 1.5)]


def test_rows_that_need_nothing_are_left_alone():
    records = [(Decimal(1), 1.5)]
    assert compiled(select(TABLE.c.price, TABLE.c.weight)).rows(records) is records


def test_a_statement_is_compiled_once():
    statement = Statement(select(TABLE), DRIVER)
    assert statement.compiled is statement.compiled


@pytest.mark.parametrize(
    "element",
    [
        insert(Table("d", MetaData(), Column("a", Text), Column("b", Text, default=str))).values(a="a"),
        update(Table("u", MetaData(), Column("a", Text), Column("b", Integer, onupdate=int))).values(a="a"),
        select(TABLE).where(TABLE.c.word.in_(["a"])),
        select(bindparam(None, callable_=lambda: datetime.now(UTC))),
    ],
    ids=["default", "onupdate", "expanding", "callable"],
)
def test_what_sqlalchemy_must_complete_is_left_to_it(element):
    assert Statement(element, DRIVER).compiled is None


def test_without_a_driver_nothing_is_compiled():
    assert Statement(select(TABLE), DIALECTS["sqlite"].driver).compiled is None


def test_copy_makes_values_fit_and_names_the_columns_of_the_database():
    table = Table("t", MetaData(), Column("Word", Shouted, key="word"), Column("n", Integer), schema="s")
    target = copy_target(table, {"word": Shouted(), "n": Integer()}, DRIVER)
    assert (target.schema, target.table, target.columns) == ("s", "t", ("Word", "n"))
    ((place, process),) = target.values
    assert (place, process("a")) == (0, "A")


@pytest.mark.parametrize(
    ("column", "kind"), [(Column("b", Text, default=str), Text()), (Column("b", Text), Trimmed())]
)
def test_copy_is_out_of_the_question_where_something_else_makes_a_value(column, kind):
    table = Table("t", MetaData(), Column("a", Text), column)
    assert copy_target(table, {"a": kind}, DRIVER) is None
