from collections.abc import Callable, Iterable
from dataclasses import field
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_chassis.application import arranged, behind, matches
from fastapi_chassis.domain import BaseEntity, Order, contains, criteria_for, order_for


class Size(Enum):
    S = 1
    M = 2


class Row(BaseEntity[int]):
    text: str | None = None
    number: int | None = None
    flag: bool = False
    size: Size = Size.S
    meta: dict[str, object] = field(default_factory=dict)


LETTERS = st.text("aAbB%_\\\u00e9\u00c9\n", max_size=5)
NUMBERS = st.integers(-2, 2)
VALUES = st.none() | st.booleans() | NUMBERS | st.sampled_from([0.5, 1.0]) | LETTERS
DOCUMENTS = st.dictionaries(
    st.sampled_from("ab"),
    VALUES | st.lists(VALUES, max_size=2) | st.dictionaries(st.sampled_from("ab"), VALUES),
)
ROWS = st.builds(
    Row,
    id=st.integers(0, 50),
    text=st.none() | LETTERS,
    number=st.none() | NUMBERS,
    flag=st.booleans(),
    size=st.sampled_from(Size),
    meta=DOCUMENTS,
)


def like(text: str | None, pattern: str) -> bool:
    """What a pattern means, letter by letter."""
    if text is None:
        return False
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(like(text[start:], pattern[1:]) for start in range(len(text) + 1))
    if pattern[0] == "\\":
        pattern = pattern[1:]
        return text[:1] == pattern[:1] and like(text[1:], pattern[1:])
    return bool(text) and pattern[0] in {"_", text[0]} and like(text[1:], pattern[1:])


def at(row: Row, path: str) -> object:
    value: object = row.meta
    for key in path:
        value = value[key] if isinstance(value, dict) and key in value else None
    return value


def same(one: object, other: object) -> bool:
    return (type(one) is bool) == (type(other) is bool) and one == other


def shown(value: object) -> str | None:
    match value:
        case None | dict() | list():
            return None
        case bool():
            return "true" if value else "false"
    return f"{value}"


def found_in(value: object, text: str) -> bool:
    whole = shown(value)
    return whole is not None and text.lower() in whole.lower()


def compared(how: Callable[[int, int], bool]) -> Callable[[Row, int], bool]:
    return lambda row, bound: row.number is not None and how(row.number, bound)


ORACLE: dict[str, tuple[st.SearchStrategy[object], Callable[..., bool]]] = {
    "number": (st.none() | NUMBERS, lambda row, value: row.number == value),
    "number__ne": (st.none() | NUMBERS, lambda row, value: row.number != value),
    "number__gt": (NUMBERS, compared(lambda one, bound: one > bound)),
    "number__gte": (NUMBERS, compared(lambda one, bound: one >= bound)),
    "number__lt": (NUMBERS, compared(lambda one, bound: one < bound)),
    "number__lte": (NUMBERS, compared(lambda one, bound: one <= bound)),
    "number__in": (st.lists(NUMBERS), lambda row, several: any(row.number == one for one in several)),
    "number__not_in": (st.sets(NUMBERS), lambda row, several: all(row.number != one for one in several)),
    "number__between": (
        st.tuples(NUMBERS, NUMBERS),
        lambda row, pair: row.number is not None and pair[0] <= row.number <= pair[1],
    ),
    "number__is_null": (st.booleans(), lambda row, wanted: (row.number is None) is wanted),
    "flag": (st.booleans(), lambda row, value: row.flag is value),
    "size__gte": (st.sampled_from(Size), lambda row, bound: row.size.value >= bound.value),
    "text__in": (st.lists(LETTERS), lambda row, several: row.text in several),
    "text__like": (LETTERS, lambda row, pattern: like(row.text, pattern)),
    "text__ilike": (
        LETTERS,
        lambda row, pattern: like(None if row.text is None else row.text.lower(), pattern.lower()),
    ),
    "text__not_like_all": (
        st.lists(LETTERS, max_size=3),
        lambda row, several: not any(like(row.text, one) for one in several),
    ),
    "meta__a": (VALUES, lambda row, value: same(at(row, "a"), value)),
    "meta__a__ne": (VALUES, lambda row, value: not same(at(row, "a"), value)),
    "meta__a__b": (VALUES, lambda row, value: same(at(row, "ab"), value)),
    "meta__b__is_null": (st.booleans(), lambda row, wanted: (at(row, "b") is None) is wanted),
    "meta__a__jsonb_like": (LETTERS, lambda row, text: found_in(at(row, "a"), text)),
    "meta__a__b__jsonb_not_like": (LETTERS, lambda row, text: not found_in(at(row, "ab"), text)),
}


def storable(filters: dict[str, object]) -> bool:
    """Without patterns that end within an escape, which are refused."""
    texts = [one for value in filters.values() for one in (value if isinstance(value, list) else [value])]
    return not any(isinstance(one, str) and (len(one) - len(one.rstrip("\\"))) % 2 for one in texts)


FILTERS = st.fixed_dictionaries({}, optional={key: strategy for key, (strategy, _) in ORACLE.items()}).filter(
    storable
)


@pytest.mark.requirement("REP-2")
@given(rows=st.lists(ROWS, max_size=8), filters=FILTERS)
def test_every_lookup_means_what_the_oracle_says(rows: list[Row], filters: dict[str, object]) -> None:
    criteria = criteria_for(Row, filters)
    expected = [row for row in rows if all(ORACLE[key][1](row, value) for key, value in filters.items())]
    found = [row for row in rows if matches(row, criteria)]
    assert list(map(id, found)) == list(map(id, expected))


@pytest.mark.requirement("REP-2")
@pytest.mark.parametrize("key", ORACLE)
@given(data=st.data(), row=ROWS)
def test_each_lookup_means_what_the_oracle_says(key: str, data: st.DataObject, row: Row) -> None:
    strategy, oracle = ORACLE[key]
    value = data.draw(strategy)
    if storable({key: value}):
        assert matches(row, criteria_for(Row, {key: value})) == oracle(row, value)


@given(text=LETTERS, before=LETTERS, after=LETTERS)
def test_contains_finds_exactly_its_text(text: str, before: str, after: str) -> None:
    pattern = contains(text)
    assert matches(Row(id=1, text=before + text + after), criteria_for(Row, {"text__like": pattern}))
    other = Row(id=1, text=before)
    assert matches(other, criteria_for(Row, {"text__like": pattern})) == (text in before)


TERMS = st.lists(st.sampled_from(["number", "text", "flag", "size", "id"]), unique=True, max_size=3).flatmap(
    lambda names: st.tuples(*(st.sampled_from([name, f"-{name}"]) for name in names))
)


def slow_sort(rows: Iterable[Row], terms: tuple[str, ...]) -> list[Row]:
    """Sorts by one term after the other, the last one first."""
    names = {term.removeprefix("-") for term in terms}
    last = terms[-1] if terms else ""
    whole = terms if "id" in names else (*terms, "-id" if last.startswith("-") else "id")
    arranged_rows = list(rows)
    for term in reversed(whole):

        def key(row: Row, name: str = term.removeprefix("-")) -> tuple[bool, object]:
            value = getattr(row, name)
            return (value is None, 0 if value is None else value.value if isinstance(value, Enum) else value)

        arranged_rows.sort(key=key, reverse=term.startswith("-"))
    return arranged_rows


@pytest.mark.requirement("REP-2")
@given(rows=st.lists(ROWS, max_size=12, unique_by=lambda row: row.id), terms=TERMS)
def test_the_order_is_total_and_stable(rows: list[Row], terms: tuple[str, ...]) -> None:
    orders = order_for(Row, terms, tie_break="id")
    assert arranged(rows, orders) == slow_sort(rows, terms)


@pytest.mark.requirement("REP-2")
@given(
    rows=st.lists(ROWS, min_size=1, max_size=12, unique_by=lambda row: row.id),
    terms=TERMS,
    place=st.integers(0),
)
def test_what_stands_behind_a_row_is_the_rest_of_the_order(
    rows: list[Row], terms: tuple[str, ...], place: int
) -> None:
    orders: tuple[Order, ...] = order_for(Row, terms, tie_break="id")
    whole = arranged(rows, orders)
    row = whole[place % len(whole)]
    after = tuple(getattr(row, order.field) for order in orders)
    assert arranged(behind(rows, after, orders), orders) == whole[place % len(whole) + 1 :]
