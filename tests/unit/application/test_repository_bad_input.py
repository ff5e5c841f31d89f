"""Nothing that makes no sense reaches a store: the double writes down every question."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastapi_chassis.domain import (
    BaseAggregate,
    Cursor,
    Lookup,
    ValidationException,
    criteria_for,
    new_id,
    order_for,
)
from fastapi_chassis.testing.contracts.naughty_strings import NAUGHTY, REFUSED
from fastapi_chassis.testing.contracts.samples import Sample
from tests.unit.application.recorder import Recorder


class Account(BaseAggregate):
    name: str


class Samples(Recorder[Sample, UUID]):
    pass


class Accounts(Recorder[Account, UUID]):
    pass


HUGE = 100_000
DEEP = "__".join(["meta", *"ab" * 25])
ATTACKS: dict[str, dict[str, object]] = {
    "10^5 in a list": {"title__in": ["x"] * HUGE},
    "10^5 in a set": {"amount__in": set(range(HUGE))},
    "10^5 in a range": {"amount__not_in": range(HUGE)},
    "10^5 patterns": {"title__not_like_all": ["x%"] * HUGE},
    "10^5 bounds": {"amount__between": range(HUGE)},
    "endless": {"amount__in": iter(int, 1)},
    "10^6 characters": {"title": "x" * 10**6},
    "10^5 filters": {f"meta__k{number}": 1 for number in range(HUGE)},
    "10^5 characters of a name": {"x" * HUGE: 1},
    "10^5 underscores": {"_" * HUGE: 1},
    "50 deep": {DEEP: "x"},
    "50 deep, with a lookup": {f"{DEEP}__jsonb_like": "x"},
    "a secret field": {"password_hashed__like": "a%"},
    "__class__": {"__class__": 1},
    "__dict__": {"__dict__": {}},
    "a way through attributes": {"title____class____mro__": 1},
    "a method": {"rename": 1},
    "a private name": {"_events": 1},
    "a field of a field": {"owner_id__hex": "0"},
    "a lookup of others": {"title__regex": ".*"},
    "two lookups": {"title__like__like": "x"},
    "an operator": {"title": {"$gt": ""}},
    "an operator in a document": {"meta__k": {"$ne": None}},
    "a list for a value": {"title": ["x"]},
    "a tuple for a value": {"amount": (1,)},
    "a class": {"title": str},
    "text for a number": {"amount": "1"},
    "a number for text": {"title": 1},
    "bool for int": {"amount": True},
    "bool for int in a list": {"amount__in": [1, True]},
    "bool for float": {"weight__gt": False},
    "bool for Decimal": {"price": True},
    "int for bool": {"is_active": 1},
    "float for int": {"amount__gte": 1.0},
    "float for Decimal": {"price": 0.1},
    "text for bool": {"is_active": "true"},
    "text for is_null": {"rank__is_null": "true"},
    "bytes for text": {"title": b"x"},
    "text for bytes": {"payload": "x"},
    "text for UUID": {"owner_id": str(new_id())},
    "text for a time": {"seen_at": "2024-05-01"},
    "a time without zone": {"seen_at": datetime(2024, 5, 1)},  # noqa: DTZ001 - this is the point
    "a time for a day": {"day": datetime(2024, 5, 1, tzinfo=UTC)},
    "text for a word of a set": {"colour": "red"},
    "null for what is never null": {"amount": None},
    "null in a list": {"rank__in": [None]},
    "not a number": {"weight": float("nan")},
    "endless number": {"price__lt": Decimal("Infinity")},
    "a number to fill the memory": {"price__lt": Decimal("1E+999999999")},
    "65 bits": {"amount": 2**64},
    "a document": {"meta": {"a": 1}},
}
READS = ("find", "first", "page", "count", "exists")


@pytest.mark.requirement("REP-3")
@pytest.mark.parametrize("attack", ATTACKS)
async def test_an_attack_asks_nothing_of_the_store(attack: str) -> None:
    samples = Samples()
    for verb in (*READS, "remove_where"):
        with pytest.raises(ValidationException) as told:
            await getattr(samples, verb)(**ATTACKS[attack])
        assert told.value.error_code == "INVALID_FILTER"
        assert len(str(told.value.errors)) < 20_000
        str(told.value.errors).encode()
    with pytest.raises(ValidationException):
        await anext(samples.stream(**ATTACKS[attack]))  # type: ignore[arg-type]  # lookups
    assert samples.asked == []


@pytest.mark.requirement("REP-3")
async def test_naughty_names_ask_nothing_of_the_store() -> None:
    samples = Samples()
    for text in (*NAUGHTY, *REFUSED):
        if text in {"id", "version"}:
            continue
        for key in (text, f"title__{text}_", f"{text}__like"):
            with pytest.raises(ValidationException):
                await samples.find(**{key: "x"})  # type: ignore[arg-type]  # lookups
        for order in (text, f"-{text}"):
            with pytest.raises(ValidationException) as told:
                await samples.find(order=(order,))
            str(told.value.errors).encode()
    assert samples.asked == []


def cursor_of(order: tuple[str, ...] = ("amount",), **filters: object) -> str:
    """Makes the cursor that a page of samples would have given."""
    orders = order_for(Sample, order, tie_break="id")
    values = {"amount": 1, "title": "a", "id": UUID(int=1)}
    place = Cursor(tuple(values[one.field] for one in orders))
    return place.encode(Samples.cursor_key, criteria_for(Sample, filters), orders)


GOOD = cursor_of(amount__gte=1)
FOREIGN: dict[str, Callable[[], str]] = {
    "of another filter": partial(cursor_of, amount__gte=2),
    "of another lookup": partial(cursor_of, amount__gt=1),
    "of no filter": cursor_of,
    "of more filters": partial(cursor_of, amount__gte=1, title="a"),
    "of another order": partial(cursor_of, ("title",), amount__gte=1),
    "of the order turned round": partial(cursor_of, ("-amount",), amount__gte=1),
    "of a longer order": partial(cursor_of, ("amount", "title"), amount__gte=1),
    "cut at its end": lambda: GOOD[:-1],
    "cut at its beginning": lambda: GOOD[1:],
    "cut in half": lambda: GOOD[: len(GOOD) // 2],
    "empty": str,
    "twice": lambda: GOOD * 2,
    "padded": lambda: GOOD + "=",
    "with a blank": lambda: f" {GOOD}",
    "with a line end": lambda: f"{GOOD}\n",
    "huge": lambda: GOOD * 10_000,
    "with the last letter changed": lambda: GOOD[:-1] + chr(ord(GOOD[-1]) ^ 1),
    "with one letter changed": lambda: GOOD[:9] + chr(ord(GOOD[9]) ^ 1) + GOOD[10:],
}


@pytest.mark.requirement("REP-2", "REP-3")
@pytest.mark.parametrize("kind", FOREIGN)
async def test_a_foreign_cursor_asks_nothing_of_the_store(kind: str) -> None:
    samples = Samples()
    with pytest.raises(ValidationException) as told:
        await samples.page(order=("amount",), after=FOREIGN[kind](), amount__gte=1)
    assert told.value.error_code == "INVALID_CURSOR"
    assert samples.asked == []
    await samples.page(order=("amount",), after=GOOD, amount__gte=1)
    assert len(samples.asked) == 1


@pytest.mark.requirement("REP-2")
async def test_a_cursor_of_another_service_asks_nothing_of_the_store() -> None:
    samples = Samples()
    samples.cursor_key = b"another key"
    for cursor in (GOOD, *NAUGHTY, *REFUSED):
        with pytest.raises(ValidationException):
            await samples.page(order=("amount",), after=cursor, amount__gte=1)
    assert samples.asked == []


@pytest.mark.requirement("REP-2")
async def test_a_cursor_of_another_entity_asks_nothing_of_the_store() -> None:
    accounts = Accounts()
    cursor = cursor_of(("title",))
    with pytest.raises(ValidationException):
        await accounts.page(order=("name",), after=cursor)
    assert accounts.asked == []


async def refusal(asking: Awaitable[object]) -> ValidationException | None:
    """Awaits an answer; returns the exception where the question was refused."""
    try:
        await asking
    except ValidationException as told:
        return told
    return None


ANYTHING: st.SearchStrategy[object] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.decimals()
    | st.datetimes()
    | st.uuids()
    | st.lists(st.integers() | st.text(), max_size=3)
    | st.dictionaries(st.text(), st.integers(), max_size=2)
)
NAMES = st.sampled_from([*(spec for spec in Sample.__dataclass_fields__), "__class__", "nothing"])
KEYS = (
    st.text(max_size=20)
    | NAMES
    | st.builds("{}__{}".format, NAMES, st.sampled_from([*Lookup]) | st.text(max_size=8))
    | st.builds("meta__{}__{}".format, st.text(max_size=8), st.sampled_from([*Lookup]))
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(filters=st.dictionaries(KEYS, ANYTHING, max_size=3), verb=st.sampled_from(READS))
async def test_whatever_is_asked_is_refused_or_asked_once(filters: dict[str, object], verb: str) -> None:
    if filters.keys() & {"order", "limit", "offset", "after", "count"}:
        return
    samples = Samples()
    told = await refusal(getattr(samples, verb)(**filters))
    assert len(samples.asked) == (told is None)
    if told is not None:
        assert told.errors
        str(told.errors).encode()


@settings(max_examples=200, deadline=None, derandomize=True)
@given(order=st.lists(st.text(max_size=10) | NAMES | NAMES.map("-{}".format), max_size=3))
async def test_whatever_the_order_is_it_is_refused_or_asked(order: list[str]) -> None:
    samples = Samples()
    told = await refusal(samples.find(order=order))
    assert len(samples.asked) == (told is None)
    assert told is None or told.error_code == "INVALID_ORDER"
