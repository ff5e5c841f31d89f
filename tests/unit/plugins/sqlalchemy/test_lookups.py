import pytest
from sqlalchemy import Column, MetaData
from sqlalchemy.dialects import postgresql

from fastapi_chassis.domain import BaseAggregate, criteria_for, order_for, shape_of
from fastapi_chassis.plugins.sqlalchemy import table_for
from fastapi_chassis.plugins.sqlalchemy.dialects import DIALECTS
from fastapi_chassis.plugins.sqlalchemy.lookups import Conditions, parameters_of, shape_key
from fastapi_chassis.plugins.sqlalchemy.tables import fields_of


class Item(BaseAggregate):
    title: str
    note: str | None = None
    rank: int | None = None
    meta: dict[str, object]


TABLE = table_for(Item, MetaData())


def sql_of(dialect: str = "postgresql", **filters: object) -> str:
    conditions = Conditions(fields_of(Item, TABLE), shape_of(Item), DIALECTS[dialect])
    (condition,) = conditions.where(criteria_for(Item, filters))
    return str(condition.compile(dialect=postgresql.dialect())).replace("item.", "")


@pytest.mark.requirement("REP-2")
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"title": "a"}, "title = %(p0)s"),
        ({"title__ne": "a"}, "title != %(p0)s"),
        ({"note__ne": "a"}, "note IS NULL OR note != %(p0)s"),
        ({"note": None}, "note IS NULL"),
        ({"note__ne": None}, "note IS NOT NULL"),
        ({"note__is_null": False}, "note IS NOT NULL"),
        ({"rank__between": (1, 2)}, "rank >= %(p0_0)s AND rank <= %(p0_1)s"),
        ({"title__not_like_all": ("a", "b")}, None),
    ],
)
def test_a_lookup_is_a_condition(filters, expected):
    found = sql_of(**filters).replace("::BIGINT", "").replace('::VARCHAR COLLATE "C"', "")
    assert expected is None or found == expected


def test_ilike_folds_every_script_although_text_is_ordered_by_code_points():
    assert '(title COLLATE "und-x-icu") ILIKE' in sql_of(title__ilike="a%")


def test_keys_of_a_document_are_parameters():
    assert "evil" not in sql_of(**{"meta__evil'key__jsonb_like": "x"})


def test_values_become_parameters():
    criteria = criteria_for(
        Item, {"rank__between": (1, 2), "title__in": ["a"], "meta__k": "v", "note__is_null": True}
    )
    assert parameters_of(criteria) == {"p0_0": 1, "p0_1": 2, "p1": ["a"], "p2": '"v"'}


def test_nulls_have_a_shape_of_their_own():
    some, none = criteria_for(Item, {"note": "a"}), criteria_for(Item, {"note": None})
    assert shape_key(some[0]) != shape_key(none[0])
    assert shape_key(some[0]) == shape_key(criteria_for(Item, {"note": "b"})[0])


def test_only_sqlite_is_told_where_nulls_stand():
    orders = order_for(Item, ("-rank",), tie_break="id")
    for dialect, told in (("postgresql", False), ("sqlite", True)):
        conditions = Conditions(fields_of(Item, TABLE), shape_of(Item), DIALECTS[dialect])
        assert ("NULLS FIRST" in str(conditions.order(orders)[0])) is told
    assert isinstance(fields_of(Item, TABLE)["rank"], Column)
