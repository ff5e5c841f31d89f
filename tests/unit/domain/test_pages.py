import json
import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_chassis.domain import (
    BaseEntity,
    Criterion,
    Cursor,
    Lookup,
    Order,
    Page,
    ValidationException,
    pages,
)

NAIVE = datetime(2024, 5, 1)  # noqa: DTZ001 - without zone: this is the point
SECRET = b"secret"
ORDERS = (Order("a"), Order("id", True))
CRITERIA = (Criterion("a", Lookup.GT, 1), Criterion("b", Lookup.EQ, "x"))


class Size(Enum):
    S = 1
    M = 2


class Row(BaseEntity[int]):
    a: str | None
    at: datetime | None = None
    size: Size = Size.S


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary()
    | st.uuids()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.datetimes(timezones=st.just(UTC) | st.just(timezone(timedelta(hours=5, minutes=45))))
)


@given(st.lists(SCALARS))
def test_a_cursor_comes_back_as_it_was(values: list[object]) -> None:
    text = Cursor(tuple(values)).encode(SECRET, CRITERIA, ORDERS)
    back = Cursor.decode(text, SECRET, CRITERIA, ORDERS)
    assert back.values == tuple(values)
    assert [type(one) for one in back.values] == [type(one) for one in values]
    assert set(text) <= {*string.ascii_letters, *string.digits, "-", "_"}


def test_members_travel_by_their_value() -> None:
    text = Cursor((Size.M,)).encode(SECRET, (), ORDERS)
    assert Cursor.decode(text, SECRET, (), ORDERS).values == (2,)


@pytest.mark.requirement("REP-2", "MISTAKE-17")
@given(place=st.integers(0, 10_000), letter=st.characters(codec="ascii"))
def test_no_letter_may_be_changed(place: int, letter: str) -> None:
    text = Cursor((UUID(int=7), "x", None)).encode(SECRET, CRITERIA, ORDERS)
    place %= len(text)
    changed = text[:place] + letter + text[place + 1 :]
    if changed != text:
        refuse(changed)
    refuse(text[:place] + letter + text[place:])


@pytest.mark.parametrize("noise", ["!!!!", "\n\n\n\n", "    ", "----!", "=", "===="])
def test_nothing_may_be_added(noise: str) -> None:
    text = Cursor((UUID(int=7),)).encode(SECRET, CRITERIA, ORDERS)
    refuse(text + noise)
    refuse(noise + text)
    refuse(text[:8] + noise + text[8:])


@given(st.text())
def test_any_text_is_refused(text: str) -> None:
    refuse(text)


@pytest.mark.requirement("REP-2", "MISTAKE-17")
@pytest.mark.parametrize(
    ("secret", "criteria", "orders"),
    [
        (b"other", CRITERIA, ORDERS),
        (SECRET, CRITERIA[:1], ORDERS),
        (SECRET, (), ORDERS),
        (SECRET, (CRITERIA[0], Criterion("b", Lookup.EQ, "y")), ORDERS),
        (SECRET, (CRITERIA[0], Criterion("b", Lookup.NE, "x")), ORDERS),
        (SECRET, CRITERIA, ORDERS[::-1]),
        (SECRET, CRITERIA, (Order("a", True), Order("id", True))),
    ],
)
def test_a_cursor_is_bound_to_its_question(
    secret: bytes, criteria: tuple[Criterion, ...], orders: tuple[Order, ...]
) -> None:
    text = Cursor((1, 2)).encode(SECRET, CRITERIA, ORDERS)
    with pytest.raises(ValidationException) as told:
        Cursor.decode(text, secret, criteria, orders)
    assert told.value.error_code == "INVALID_CURSOR"
    assert list(told.value.errors) == ["after"]


def test_the_order_in_which_filters_are_written_is_free() -> None:
    text = Cursor((1, 2)).encode(SECRET, CRITERIA, ORDERS)
    assert Cursor.decode(text, SECRET, CRITERIA[::-1], ORDERS).values == (1, 2)


@pytest.mark.parametrize(
    "body", ["no json", "7", '[["?", "x"]]', '[["u", "x"]]', '[["n", "x"]]', "[[1]]", '[["t", 1]]']
)
def test_a_cursor_that_was_forged_with_a_known_key_is_refused(body: str) -> None:
    raw = body.encode()
    seal = pages._seal(SECRET, CRITERIA, ORDERS, raw)
    refuse(urlsafe_b64encode(seal + raw).rstrip(b"=").decode())


@pytest.mark.parametrize(
    "values",
    [("x",), (1, None, 1, 1), ("x", NAIVE, 1, 1), ("x", None, 9, 1), ("x", None, 1, None)],
)
def test_a_value_that_could_not_stand_in_its_field_is_refused(values: tuple[object, ...]) -> None:
    orders = (Order("a"), Order("at"), Order("size"), Order("id"))
    with pytest.raises(ValidationException) as told:
        Cursor(values).place(Row, orders)
    assert told.value.error_code == "INVALID_CURSOR"


def test_the_values_are_given_back_as_the_fields_hold_them() -> None:
    orders = (Order("a"), Order("at"), Order("size"), Order("id"))
    assert Cursor((None, None, 2, 1)).place(Row, orders) == (None, None, Size.M, 1)
    assert Cursor(("x", None, 1, 1)).place(Row, orders) == ("x", None, Size.S, 1)


def test_a_cursor_shows_no_more_than_the_values_of_the_order() -> None:
    text = Cursor((Decimal("1.5"), date(2024, 5, 1), time(1))).encode(SECRET, CRITERIA, ORDERS)
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert json.loads(raw[16:]) == [["n", "1.5"], ["d", "2024-05-01"], ["c", "01:00:00"]]


def test_a_page_is_a_value() -> None:
    assert Page((1, 2)) == Page((1, 2), None, None)
    assert Page((1,), "next", 3).total == 3


def refuse(text: str) -> None:
    with pytest.raises(ValidationException) as told:
        Cursor.decode(text, SECRET, CRITERIA, ORDERS)
    assert told.value.error_code == "INVALID_CURSOR"
