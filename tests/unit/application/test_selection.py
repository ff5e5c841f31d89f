from dataclasses import dataclass

import pytest

from fastapi_chassis.application.selection import projected
from fastapi_chassis.domain import BaseAggregate


class Item(BaseAggregate):
    title: str
    note: str | None = None
    amount: int = 0


@dataclass(frozen=True)
class Line:
    amount: int
    title: str | None
    note: str | None


@dataclass(frozen=True)
class NeverNull:
    note: str


@dataclass(frozen=True)
class Other:
    amount: str


@dataclass(frozen=True)
class More:
    amount: int
    colour: str


def test_the_fields_are_read_in_the_order_of_the_projection() -> None:
    assert projected(Item, Line) == ("amount", "title", "note")


@pytest.mark.parametrize(
    ("into", "says"),
    [
        (NeverNull, r"NeverNull.note is .*str.*; in Item it is str \| None"),
        (Other, "Other.amount is .*str.*; in Item it is .*int"),
        (More, "More.colour: Item has no such field"),
        (int, "int is no entity"),
    ],
)
def test_what_does_not_fit_is_named(into: type, says: str) -> None:
    with pytest.raises(TypeError, match=says):
        projected(Item, into)
