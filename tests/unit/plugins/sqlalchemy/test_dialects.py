import pytest
from sqlalchemy import Column, MetaData, Table, Text
from sqlalchemy.dialects import postgresql, sqlite

from fastapi_chassis.plugins.sqlalchemy.dialects import DIALECTS, SQLITE_FUNCTIONS, compare_decimals

TABLE = Table("t", MetaData(), Column("name", Text))
FUNCTIONS = {name: function for name, _, function, _ in SQLITE_FUNCTIONS}


def test_membership_is_one_parameter_on_postgresql_so_that_one_statement_is_prepared():
    condition = DIALECTS["postgresql"].among(TABLE.c.name, "names")
    assert str(condition.compile(dialect=postgresql.dialect())) == "t.name = ANY (%(names)s::TEXT[])"
    assert "IN" in str(DIALECTS["sqlite"].among(TABLE.c.name, "names").compile(dialect=sqlite.dialect()))


@pytest.mark.parametrize(("one", "other", "expected"), [("2", "10", -1), ("1.10", "1.1", 0), ("-1", "-2", 1)])
def test_decimals_compare_as_numbers(one, other, expected):
    assert compare_decimals(one, other) == expected


def test_sqlite_looks_into_documents_as_the_reference_does():
    has, equals = FUNCTIONS["chassis_json_contains"], FUNCTIONS["chassis_json_equals"]
    assert has('{"a": {"b": "Text"}}', '["a", "b"]', "TEX")
    assert not has('{"a": ["b"]}', '["a", "0"]', "b")
    assert not has(None, '["a"]', "b")
    assert equals('{"a": 1.0}', '["a"]', "1")
    assert not equals('{"a": true}', '["a"]', "1")
    assert equals(None, '["a"]', "null")


def test_sqlite_knows_upper_and_lower_of_every_script():
    assert FUNCTIONS["chassis_lower"]("ÄЖ") == "äж"
    assert FUNCTIONS["chassis_lower"](None) is None


def test_the_clock_moves_by_microseconds():
    now = FUNCTIONS["chassis_now"]
    assert now(-1_000_000) < now(0) < now(1_000_000)
