from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_chassis.domain import (
    BaseAggregate,
    BaseEntity,
    ValidationException,
    ValueObject,
    check_storable,
    problem_with,
)

NAIVE = datetime(2024, 5, 1)  # noqa: DTZ001 - without zone: this is the point


class Colour(StrEnum):
    RED = "red"


class Markup(str):
    __slots__ = ()


class Ratio(float):
    __slots__ = ()


class Lost(tzinfo):
    def utcoffset(self, dt: datetime | None) -> None:
        return None


class Line(ValueObject):
    product: UUID
    text: str = ""


class Order(BaseAggregate):
    lines: list[Line]
    by_product: dict[UUID, int]
    first: Line | None = None


class Note(BaseEntity[int]):
    text: str
    meta: dict[str, object] | None = None


def nested(levels: int) -> object:
    made: object = []
    for _ in range(levels):
        made = [made]
    return made


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        (str, "text"),
        (int, 2**63 - 1),
        (float, 1),
        (Decimal, 1),
        (Decimal, Decimal("1e400")),
        (bool, True),
        (bytes, b"\x00"),
        (datetime, datetime.now(UTC)),
        (date, date(2024, 5, 1)),
        (UUID, UUID(int=1)),
        (Colour, Colour.RED),
        (object, None),
        (list, nested(99)),
        (dict, {"a": [1, {"b": None}]}),
    ],
)
def test_what_is_well(wanted: type, value: object) -> None:
    assert problem_with(wanted, value) is None


@pytest.mark.requirement("REP-3")
@pytest.mark.parametrize(
    ("wanted", "value", "problem"),
    [
        (str, 1, "expected text, got a whole number"),
        (int, True, "expected a whole number, got true or false"),
        (float, False, "expected a number, got true or false"),
        (Decimal, True, "expected Decimal, got true or false"),
        (bool, 1, "expected true or false, got a whole number"),
        (date, datetime.now(UTC), "expected date, got datetime"),
        (UUID, "x", "expected UUID, got text"),
        (Colour, "red", "expected Colour, got text"),
        (str, None, "expected text, got NoneType"),
        (str, "a\x00", "text must not hold the character NUL"),
        (str, Markup("a\x00"), "text must not hold the character NUL"),
        (str, "\udfff", "text must not hold lone surrogates"),
        (int, 2**63, "a whole number must fit in 64 bits"),
        (float, 2**63, "a whole number must fit in 64 bits"),
        (float, float("nan"), "a number must be finite"),
        (float, Ratio("inf"), "a number must be finite"),
        (Decimal, Decimal("sNaN"), "a number must be finite"),
        (Decimal, Decimal("-Infinity"), "a number must be finite"),
        (datetime, NAIVE, "a time needs its zone"),
        (datetime, datetime(2024, 5, 1, tzinfo=Lost()), "a time needs its zone"),
        (object, [{"deep": "\x00"}], "text must not hold the character NUL"),
        (dict, {"\ud800": 1}, "text must not hold lone surrogates"),
        (object, (1, {2**64}), "a whole number must fit in 64 bits"),
        (object, Line(product=UUID(int=1), text="\x00"), "text must not hold the character NUL"),
        (list, nested(100), "a document is at most 100 levels deep"),
        (list, nested(100_000), "a document is at most 100 levels deep"),
    ],
    ids=lambda value: ascii(value)[:30] if not isinstance(value, list) else "nested",
)
def test_what_is_wrong_is_said(wanted: type, value: object, problem: str) -> None:
    assert problem_with(wanted, value) == problem


@pytest.mark.requirement("REP-3")
def test_an_entity_names_the_field_that_is_wrong() -> None:
    with pytest.raises(ValidationException) as told:
        check_storable(Note(id=1, text="\x00"))
    assert told.value.errors == {"text": ["text must not hold the character NUL"]}
    assert told.value.message == "text: text must not hold the character NUL"


def test_null_is_for_optional_fields() -> None:
    check_storable(Note(id=1, text="", meta=None))
    with pytest.raises(ValidationException, match="text: expected text"):
        check_storable(Note(id=1, text=None))  # type: ignore[arg-type]


def test_a_document_holds_what_its_annotation_says() -> None:
    product = UUID(int=1)
    line = Line(product=product, text="fine")
    check_storable(Order(lines=[line], by_product={product: 1}, first=line))
    for order in (
        Order(lines=[Line(product=product, text="\x00")], by_product={}),
        Order(lines=[], by_product={product: 2**63}),
        Order(lines=[], by_product={}, first=Line(product=product, text="\ud800")),
    ):
        with pytest.raises(ValidationException):
            check_storable(order)


@pytest.mark.parametrize("held", [(1, 2), {1}, UUID(int=1), datetime.now(UTC), b"x", Decimal(1), Line])
def test_a_document_without_annotation_holds_what_json_knows(held: object) -> None:
    for meta in ({"k": held}, {"k": [{"deep": held}]}):
        with pytest.raises(ValidationException, match="has no place in a document"):
            check_storable(Note(id=1, text="", meta=meta))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.just("k"), JSON))
def test_every_json_document_is_well(meta: dict[str, object]) -> None:
    check_storable(Note(id=1, text="", meta=meta))


@given(st.text())
def test_text_is_refused_exactly_where_utf8_or_nul_forbids_it(text: str) -> None:
    try:
        text.encode()
        expected = "\x00" not in text
    except UnicodeEncodeError:
        expected = False
    assert (problem_with(str, text) is None) == expected


EDGES: tuple[tuple[type, object, bool], ...] = (
    (Decimal, Decimal("9E+1000"), True),
    (Decimal, Decimal("1E+1001"), False),
    (Decimal, Decimal("1E-1000"), True),
    (Decimal, Decimal("1.5E-1000"), False),
    (Decimal, Decimal("0E+999999"), False),
    (datetime, datetime(1, 1, 2, tzinfo=UTC), True),
    (datetime, datetime(1, 1, 1, 23, tzinfo=UTC), False),
    (datetime, datetime(1, 1, 2, 1, tzinfo=timezone(timedelta(hours=2))), False),
    (datetime, datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC), True),
    (datetime, datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))), False),
    (time, time(12), True),
    (time, time(12, tzinfo=UTC), False),
    (timedelta, timedelta(microseconds=2**63 - 1), True),
    (timedelta, timedelta.max, False),
)


@pytest.mark.requirement("REP-3")
@pytest.mark.parametrize(("kind", "value", "fits"), EDGES)
def test_the_edges_of_what_stores_agree_upon(kind: type, value: object, fits: bool) -> None:
    assert (problem_with(kind, value) is None) is fits
