"""Values of a function: type-exact, nobody else's, and what can't be kept is known at once."""

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple, TypedDict
from uuid import UUID

import pytest
from pydantic import BaseModel

from fastapi_chassis.caching import CachePolicy
from fastapi_chassis.domain import BaseAggregate, Page, ValueObject

MINUTE = timedelta(minutes=1)
ID = UUID("01980000-0000-7000-8000-000000000001")


class ColourEnum(StrEnum):
    RED = "red"


class Card(ValueObject):
    id: UUID
    price: Decimal
    at: datetime
    colour: ColourEnum = ColourEnum.RED
    meta: dict[str, object] | None = None


class Model(BaseModel):
    card: Card
    days: frozenset[date] = frozenset()


class Pair(NamedTuple):
    a: int
    b: str


class Shape(TypedDict):
    side: float


@dataclass
class Plain:
    lines: list[tuple[int, bool | None]]


@dataclass(eq=False)
class Unequal:
    a: int


@dataclass
class Wider(Plain):
    more: int = 0


class Item(BaseAggregate):
    title: str


CARD = Card(id=ID, price=Decimal("1.10"), at=datetime(2026, 2, 28, 1, 2, 3, 4, UTC), meta={"a": [1, None]})
VALUES: tuple[tuple[object, object], ...] = (
    (str, "\N{SNOWMAN}\x00"),
    (int, 2**80),
    (float, 1e300),
    (bool, True),
    (int | None, None),
    (int | str, "1"),
    (bytes, b"text"),
    (UUID, ID),
    (timedelta, timedelta(days=-1, microseconds=1)),
    (date, date(2026, 2, 28)),
    (ColourEnum, ColourEnum.RED),
    (list[UUID], [ID]),
    (tuple[int, ...], (1, 2)),
    (dict[str, Decimal], {"a": Decimal("0.10")}),
    (set[int], {1, 2}),
    (Card, CARD),
    (Page[Card], Page(items=(CARD,), next="cursor", total=1)),
    (Model, Model(card=CARD, days=frozenset({date(2026, 1, 1)}))),
    (Pair, Pair(1, "b")),
    (Shape, {"side": 0.5}),
    (Plain, Plain([(1, None), (2, True)])),
    (list[Card] | None, [CARD]),
)


@pytest.mark.requirement("CCH-1", "CCH-3")
@pytest.mark.parametrize(("returns", "value"), VALUES, ids=[str(returns) for returns, _ in VALUES])
def test_a_value_comes_back_as_what_it_was(returns: object, value: object) -> None:
    policy = CachePolicy[object](returns, MINUTE)
    data = policy.closed(value, 12.5, 0.25)
    assert isinstance(data, bytes)
    found = policy.opened(data)
    assert found is not None
    assert (found.value, type(found.value)) == (value, type(value))
    assert (found.until, found.took) == (12.5, 0.25)


@pytest.mark.parametrize(
    ("returns", "value"),
    [
        (float, float("inf")),
        (float, float("nan")),
        (Plain, Wider([])),
        (str, 1),
        (dict[str, object], {"a": ID}),
        (bytes, b"\xff"),
        (str, "\ud800"),
        (list[Plain], [Wider([])]),
    ],
)
def test_what_would_come_back_as_another_is_not_kept_and_told(
    returns: object, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert CachePolicy[object](returns, MINUTE, "items.card").closed(value, 0, 0) is None
    assert "items.card is not kept" in caplog.text


@pytest.mark.requirement("CCH-3")
@pytest.mark.parametrize(
    ("returns", "what"),
    [
        (object, "say what it returns"),
        (Any, "say what it returns"),
        (Item, "Item can't be cached, because it changes"),
        (list[Item], "Item can't be cached"),
        (Page[Item], "Item can't be cached"),
        (Item | None, "Item can't be cached"),
        (Unequal, "never equal"),
        (Callable[[], int], "can't be cached"),
        (AsyncIterator[int], "can't be cached"),
        (InterruptedError, "can't be cached"),
        ("Unknown", "can't be cached"),
    ],
    ids=str,
)
def test_what_can_not_be_cached_is_known_when_the_policy_is_made(returns: object, what: str) -> None:
    with pytest.raises(TypeError, match=what):
        CachePolicy[object](returns, MINUTE)


@pytest.mark.parametrize("times", [{"ttl": timedelta(0)}, {"local": timedelta(0)}, {"early": -1.0}])
def test_times_are_more_than_nothing(times: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        CachePolicy[int](**{"returns": int, "ttl": MINUTE, **times})


@pytest.mark.parametrize(
    "other", [CachePolicy[int](int, MINUTE, "other"), CachePolicy[float](float, MINUTE, "mine")]
)
def test_values_of_another_function_or_type_are_not_taken(other: CachePolicy[object]) -> None:
    data = other.closed(1, 0, 0)
    assert other.opened(data) is not None
    assert CachePolicy[int](int, MINUTE, "mine").opened(data) is None


@pytest.mark.parametrize("data", [None, "text", b"", b"short", 1, b"x" * 100])
def test_what_is_no_value_is_none(data: object) -> None:
    policy = CachePolicy[int](int, MINUTE)
    assert policy.opened(data) is None
    head = policy.closed(1, 0, 0)
    assert head is not None
    assert policy.opened(head[:-1] + b"x") is None


@pytest.mark.requirement("CCH-3")
def test_the_nearer_its_end_and_the_longer_a_load_the_sooner_a_value_is_due() -> None:
    def due(left: float, took: float, early: float = 1.0) -> int:
        policy = CachePolicy[int](int, MINUTE, early=early)
        found = policy.opened(policy.closed(1, 1_000.0 + left, took))
        assert found is not None
        return sum(policy.is_due(found, 1_000.0) for _ in range(2_000))

    assert due(60, 0.1) == 0
    assert due(60, 0.1, early=0) == 0
    assert due(1, 0.5, early=0) == 0
    assert 0 < due(3, 1) < due(1, 1) < due(0.1, 1) <= 2_000
    assert due(1, 0.5) < due(1, 2)
