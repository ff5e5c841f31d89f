"""Keys of calls: filled by name, escaped, and checked when the template is made."""

import inspect
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_chassis.application import Query
from fastapi_chassis.caching.template import KeyTemplate

ID = UUID("01980000-0000-7000-8000-000000000001")


class ColourEnum(StrEnum):
    RED = "a:b"


class SizeEnum(Enum):
    BIG = 3


class GetItem(Query[str], public=True):
    item_id: UUID
    language: str = "en"


def function(first: object, second: object = "x:y", *, third: object = None) -> None: ...


def of_message(query: GetItem, items: object) -> None: ...


def template(text: str, called: Callable[..., object] = function, message: type | None = None) -> KeyTemplate:
    return KeyTemplate(text, list(inspect.signature(called).parameters.values()), message)


@pytest.mark.requirement("CCH-3")
def test_arguments_are_found_by_place_by_name_and_by_default() -> None:
    keys = template("a:{first}:{second}:{third}")
    assert keys.filled(1) == "a:1:x%3Ay:%-"
    assert keys.filled(1, 2) == keys.filled(second=2, first=1) == "a:1:2:%-"
    assert keys.filled(1, 2, third=3) == "a:1:2:3"
    with pytest.raises(TypeError, match="needs the argument first"):
        keys.filled(second=1)


@pytest.mark.requirement("CCH-3")
def test_fields_of_the_message_are_arguments() -> None:
    keys = template("item:{item_id}:{language}", of_message, GetItem)
    assert keys.filled(GetItem(item_id=ID), object()) == f"item:{ID}:en"
    assert keys.filled(query=GetItem(item_id=ID, language="de")) == f"item:{ID}:de"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{fourth}", "fourth, which is no argument: there are first, second, third"),
        ("{first.name}", "names in braces only"),
        ("{first!r}", "names in braces only"),
        ("{first:>3}", "names in braces only"),
        ("{}", "names in braces only"),
        ("{0}", "names in braces only"),
        ("{first", "no template"),
        ("100%", "percent sign"),
    ],
)
def test_a_template_that_can_not_be_filled_is_refused(text: str, what: str) -> None:
    with pytest.raises(TypeError, match=what):
        template(text)


def test_fields_are_named_where_one_is_wrong() -> None:
    with pytest.raises(TypeError, match="there are item_id, language, query, items"):
        template("{id}", of_message, GetItem)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain-text_1.0@x+y", "plain-text_1.0@x+y"),
        ("a:b%{}\x00 \N{SNOWMAN}", "a%3Ab%25%7B%7D%00%20%E2%98%83"),
        ("\ud800", "%ED%A0%80"),
        (None, "%-"),
        (True, "True"),
        (-1, "-1"),
        (Decimal("1.10"), "1.10"),
        (ID, str(ID)),
        (b"\x00\xff", "00ff"),
        (ColourEnum.RED, "a%3Ab"),
        (SizeEnum.BIG, "3"),
        (date(2026, 2, 28), "2026-02-28"),
        (datetime(2026, 2, 28, 1, 2, 3, tzinfo=UTC), "2026-02-28T010203+0000"),
    ],
)
def test_values_as_text(value: object, text: str) -> None:
    assert template("{first}").filled(value) == text


@pytest.mark.parametrize("value", [1.5, object(), [1], {"a": 1}, (1,)])
def test_what_has_no_one_text_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="can't be part of a key"):
        template("{first}").filled(value)


@pytest.mark.requirement("CCH-3")
@given(
    st.lists(
        st.tuples(st.none() | st.text(st.characters()), st.none() | st.text(st.characters())),
        max_size=20,
        unique=True,
    )
)
def test_other_texts_are_other_keys(pairs: list[tuple[str | None, str | None]]) -> None:
    keys = template("a:{first}:{second}")
    assert len({keys.filled(*pair) for pair in pairs}) == len(pairs)


def test_a_very_long_key_ends_with_a_digest() -> None:
    keys = template("a:{first}")
    one, other = keys.filled("x" * 100_000), keys.filled("x" * 100_001)
    assert one != other
    assert len(one) < 500
