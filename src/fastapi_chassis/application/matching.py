"""Matching: what every lookup means, in plain Python; the memory stores run on it."""

import re
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from functools import cmp_to_key, lru_cache
from typing import cast

from fastapi_chassis.domain import Criterion, Lookup, Order


def matches(entity: object, criteria: Iterable[Criterion]) -> bool:
    """Whether an entity meets every criterion."""
    return all(_TESTS[one.lookup](_value_at(entity, one), one.value) for one in criteria)


def arranged[T](entities: Iterable[T], orders: Sequence[Order]) -> list[T]:
    """Sorts by every term; nulls stand last, and first where the term is descending."""

    def compare(left: object, right: object) -> int:
        return _compare(_row(left, orders), _row(right, orders), orders)

    return sorted(entities, key=cmp_to_key(compare))


def behind[T](entities: Iterable[T], after: Sequence[object], orders: Sequence[Order]) -> list[T]:
    """Keeps what stands behind a place in the order."""
    return [entity for entity in entities if _compare(_row(entity, orders), after, orders) > 0]


def _row(entity: object, orders: Sequence[Order]) -> tuple[object, ...]:
    return tuple(getattr(entity, order.field) for order in orders)


def _compare(left: Sequence[object], right: Sequence[object], orders: Sequence[Order]) -> int:
    for one, other, order in zip(left, right, orders, strict=True):
        if one == other:
            continue
        ahead = other is None if one is None or other is None else _less(one, other)
        return 1 if ahead == order.descending else -1
    return 0


def _value_at(entity: object, criterion: Criterion) -> object:
    value = getattr(entity, criterion.field)
    for key in criterion.path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


@lru_cache(maxsize=512)
def _pieces(pattern: str) -> tuple[re.Pattern[str], ...]:
    """Reads what stands between the `%` of a pattern; no piece can match in two lengths."""
    pieces = [""]
    for part in re.findall(r"\\.|%|_|[^\\%_]+|\\$", pattern, re.DOTALL):
        if part == "%":
            pieces.append("")
        else:
            text = part[1:] if part[0] == "\\" and part[1:] else part
            pieces[-1] += "." if part == "_" else re.escape(text)
    pieces[-1] += r"\Z"
    return tuple(re.compile(piece, re.DOTALL) for piece in pieces)


def _like(value: object, pattern: object) -> bool:
    if not isinstance(value, str):
        return False
    first, *others = _pieces(str(pattern))
    # the leftmost place is the best one for each piece, so that nothing is ever tried twice
    found = first.match(value)
    for piece in others:
        found = found and piece.search(value, found.end())
    return found is not None


def _ilike(value: object, pattern: object) -> bool:
    return isinstance(value, str) and _like(value.lower(), str(pattern).lower())


def _contains(value: object, text: object) -> bool:
    if value is None or isinstance(value, dict | list):
        return False
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return str(text).lower() in shown.lower()


def _less(one: object, other: object) -> bool:
    if isinstance(one, Enum) and isinstance(other, Enum):
        one, other = one.value, other.value
    return bool(one < other)  # type: ignore[operator]  # values of one field, checked on their way in


def _compared(compare: Callable[[object, object], bool]) -> Callable[[object, object], bool]:
    return lambda value, bound: value is not None and compare(value, bound)


def _between(value: object, bounds: object) -> bool:
    low, high = cast("tuple[object, object]", bounds)
    return value is not None and not _less(value, low) and not _less(high, value)


def _equal(value: object, other: object) -> bool:
    return value == other and isinstance(value, bool) == isinstance(other, bool)


_TESTS: dict[Lookup, Callable[[object, object], bool]] = {
    Lookup.EQ: _equal,
    Lookup.NE: lambda value, other: not _equal(value, other),
    Lookup.GT: _compared(lambda value, bound: _less(bound, value)),
    Lookup.GTE: _compared(lambda value, bound: not _less(value, bound)),
    Lookup.LT: _compared(_less),
    Lookup.LTE: _compared(lambda value, bound: not _less(bound, value)),
    Lookup.IN: lambda value, several: value in cast("tuple[object, ...]", several),
    Lookup.NOT_IN: lambda value, several: value not in cast("tuple[object, ...]", several),
    Lookup.LIKE: _like,
    Lookup.ILIKE: _ilike,
    Lookup.NOT_LIKE_ALL: lambda value, several: (
        not any(_like(value, one) for one in cast("tuple[str, ...]", several))
    ),
    Lookup.IS_NULL: lambda value, wanted: (value is None) == wanted,
    Lookup.BETWEEN: _between,
    Lookup.JSONB_LIKE: _contains,
    Lookup.JSONB_NOT_LIKE: lambda value, text: not _contains(value, text),
}
