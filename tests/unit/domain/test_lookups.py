from dataclasses import field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_chassis.domain import (
    MAX_FILTERS,
    MAX_ITEMS,
    BaseAggregate,
    Criterion,
    Lookup,
    Order,
    ValidationException,
    contains,
    criteria_for,
    lookups_of,
    order_for,
    shape_of,
)

NAIVE = datetime(2024, 5, 1)  # noqa: DTZ001 - without zone: this is the point


class Colour(StrEnum):
    RED = "red"


class Item(BaseAggregate):
    title: str
    note: str | None = None
    amount: int = 0
    price: Decimal = Decimal(0)
    colour: Colour = Colour.RED
    at: datetime | None = None
    meta: dict[str, object] = field(default_factory=dict)


def refusal(**filters: object) -> dict[str, list[str]]:
    with pytest.raises(ValidationException) as told:
        criteria_for(Item, filters)
    assert told.value.error_code == "INVALID_FILTER"
    return told.value.errors


@pytest.mark.requirement("REP-2")
@pytest.mark.parametrize(
    ("key", "value", "criterion"),
    [
        ("title", "a", Criterion("title", Lookup.EQ, "a")),
        ("title__e", "a", Criterion("title", Lookup.EQ, "a")),
        ("title__ne", "a", Criterion("title", Lookup.NE, "a")),
        ("amount__in", [1, 2], Criterion("amount", Lookup.IN, (1, 2))),
        ("amount__between", [1, 2], Criterion("amount", Lookup.BETWEEN, (1, 2))),
        ("note__is_null", True, Criterion("note", Lookup.IS_NULL, True)),
        ("note", None, Criterion("note", Lookup.EQ, None)),
        ("meta__is_null", False, Criterion("meta", Lookup.IS_NULL, False)),
        ("meta__a", 1, Criterion("meta", Lookup.EQ, 1, ("a",))),
        ("meta__a__b__jsonb_like", "x", Criterion("meta", Lookup.JSONB_LIKE, "x", ("a", "b"))),
        ("meta__e__e", None, Criterion("meta", Lookup.EQ, None, ("e",))),
        ("meta___a", 1, Criterion("meta", Lookup.EQ, 1, ("_a",))),
        ("colour__like", "r%", Criterion("colour", Lookup.LIKE, "r%")),
    ],
)
def test_a_filter_is_read(key: str, value: object, criterion: Criterion) -> None:
    assert criteria_for(Item, {key: value}) == (criterion,)


@pytest.mark.requirement("REP-3")
def test_every_fault_is_told_at_once() -> None:
    errors = refusal(unknown=1, amount="1", title__nonsense=1, meta__a__gt=1, price=True)
    assert list(errors) == ["unknown", "amount", "title__nonsense", "meta__a__gt", "price"]
    assert errors["unknown"] == [
        "unknown field 'unknown'; known: id, version, title, note, amount, price, colour, at, meta"
    ]
    assert errors["amount"] == ["expected a whole number, got text"]
    assert errors["title__nonsense"][0].startswith("unknown lookup 'nonsense'; known: e, ne, gt")
    assert "offered: e, is_null, jsonb_like, jsonb_not_like, ne" in errors["meta__a__gt"][0]
    assert errors["price"] == ["expected Decimal, got true or false"]


@pytest.mark.requirement("REP-3")
def test_the_bounds() -> None:
    assert len(criteria_for(Item, {f"meta__k{n}": n for n in range(MAX_FILTERS)})) == MAX_FILTERS
    with pytest.raises(ValidationException, match="at most 50 filters, got 51"):
        criteria_for(Item, {f"meta__k{n}": n for n in range(MAX_FILTERS + 1)})
    criteria_for(Item, {"title": "x" * 5_000, "amount__in": range(MAX_ITEMS)})
    assert refusal(title="x" * 5_001) == {"title": ["at most 5000 characters, got 5001"]}
    assert refusal(amount__in=range(MAX_ITEMS + 1)) == {"amount__in": ["at most 500 items, got 501"]}
    deepest = "__".join(["meta", *"abcdefghij"])
    assert len(criteria_for(Item, {deepest: 1})[0].path) == 10
    assert refusal(**{f"{deepest}__k": 1}) == {f"{deepest}__k": ["at most 10 keys deep"]}


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("note__gt", None, "gt takes no null"),
        ("title", None, "this field is never null"),
        ("amount__between", (1, 2, 3), "between takes two values"),
        ("amount__in", 1, "expected several values"),
        ("title__in", "abc", "expected several values"),
        ("title__in", (one for one in "abc"), "expected several values"),
        ("amount__like", "1%", "like is asked of text; amount is int"),
        ("title__jsonb_like", "x", "jsonb_like is asked of a document; title is str"),
        ("note__like", "a\\", "a pattern must not end with a single backslash: write two"),
        ("note__is_null", "yes", "expected true or false, got text"),
        ("meta____a", 1, "a key of the path is empty"),
        ("meta__\x00", 1, "text must not hold the character NUL"),
        ("meta__a", float("inf"), "a number must be finite"),
        ("meta__a", 2**63, "a whole number must fit in 64 bits"),
        ("meta__a", [1], "expected text, got list"),
        ("meta", {}, "meta holds a document: ask a key of it, meta__key__jsonb_like"),
        ("meta__jsonb_like", "x", "meta holds a document: ask a key of it, meta__key__jsonb_like"),
        ("at", NAIVE, "a time needs its zone"),
        ("colour", "red", "expected Colour, got text"),
    ],
)
def test_a_wrong_filter_says_why(key: str, value: object, problem: str) -> None:
    assert refusal(**{key: value}) == {key: [problem]}


def test_a_set_is_read_in_one_order() -> None:
    titles = {f"{number}" for number in range(100)}
    (criterion,) = criteria_for(Item, {"title__in": titles})
    assert criterion.value == tuple(sorted(titles))


@given(st.text())
def test_contains_is_always_a_pattern(text: str) -> None:
    text = text.encode(errors="replace").decode().replace("\x00", "")
    (criterion,) = criteria_for(Item, {"title__like": contains(text)})
    assert criterion.value == contains(text)


@given(
    st.dictionaries(st.text(max_size=20), st.none() | st.booleans() | st.integers() | st.text() | st.floats())
)
def test_any_filter_is_read_or_refused(filters: dict[str, object]) -> None:
    refused: dict[str, list[str]] = {}
    read = 0
    try:
        read = len(criteria_for(Item, filters))
    except ValidationException as told:
        refused = told.errors
    assert read == len(filters) or set() < set(refused) <= set(filters)


def test_an_order_gets_a_tie_break_in_its_last_direction() -> None:
    assert order_for(Item, (), tie_break="id") == (Order("id"),)
    assert order_for(Item, ("-title",), tie_break="id") == (Order("title", True), Order("id", True))
    assert order_for(Item, ("-title", "amount"), tie_break="id")[-1] == Order("id")
    assert order_for(Item, ("-id", "title"), tie_break="id") == (Order("id", True), Order("title"))
    assert order_for(Item, "title", tie_break="id") == (Order("title"), Order("id"))


def test_a_wrong_order_says_why() -> None:
    with pytest.raises(ValidationException) as told:
        order_for(Item, ("nowhere", "meta", "title", "-title"), tie_break="id")
    assert told.value.error_code == "INVALID_ORDER"
    assert list(told.value.errors) == ["nowhere", "meta", "-title"]


def test_identities_are_filtered_by_their_type() -> None:
    assert criteria_for(Item, {"id__in": {UUID(int=1)}})[0].value == (UUID(int=1),)
    assert criteria_for(Item, {"at__gt": datetime.now(UTC)})
    assert refusal(id=str(UUID(int=1))) == {"id": ["expected UUID, got text"]}


VALUES: dict[str, object] = {
    "title": "a",
    "amount": 1,
    "price": Decimal(1),
    "colour": Colour.RED,
    "at": datetime(2024, 5, 1, tzinfo=UTC),
    "meta": {},
    "meta__k": "a",
    "title__k": "a",
}


@pytest.mark.requirement("REP-2")
@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("lookup", Lookup)
def test_what_is_offered_is_what_can_be_asked(name: str, lookup: Lookup) -> None:
    value = VALUES[name]
    match lookup:
        case Lookup.IS_NULL:
            value = True
        case Lookup.IN | Lookup.NOT_IN | Lookup.NOT_LIKE_ALL | Lookup.BETWEEN:
            value = (value, value)
    field, _, path = name.partition("__")
    if lookup in lookups_of(shape_of(Item)[field], inside=bool(path)):
        assert criteria_for(Item, {f"{name}__{lookup}": value})
    else:
        refusal(**{f"{name}__{lookup}": value})
