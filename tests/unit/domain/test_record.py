from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from typing import Annotated, Literal, NewType, Optional
from uuid import UUID

import pytest

from fastapi_chassis.domain import BaseAggregate, BaseEntity, ValueObject, shape_of

UserId = NewType("UserId", UUID)
type Email = Annotated[str, "an address"]


class Colour(StrEnum):
    RED = "red"


class Size(Enum):
    S = 1


class Money(ValueObject):
    amount: int


class Keyed[K](BaseEntity[K]):
    pass


class Everything(Keyed[int]):
    text: str
    maybe: str | None
    old_style: Optional[int]  # noqa: UP045 - still found in the wild
    decorated: Annotated[str, "metadata", []]
    decorated_maybe: Annotated[Annotated[int, 1] | None, 2]
    named: UserId
    aliased: Email | None
    closed: Literal["a", "b"]
    mixed: Literal["a", 1]
    colour: Colour
    size: Size
    meta: dict[str, object]
    tags: list[str] | None
    either: int | str
    money: Money
    lines: list[Money]
    at: "datetime"


SHAPE = {
    "id": (int, False, False),
    "text": (str, False, False),
    "maybe": (str, True, False),
    "old_style": (int, True, False),
    "decorated": (str, False, False),
    "decorated_maybe": (int, True, False),
    "named": (UUID, False, False),
    "aliased": (str, True, False),
    "closed": (str, False, False),
    "mixed": (object, False, True),
    "colour": (Colour, False, False),
    "size": (Size, False, False),
    "meta": (dict, False, True),
    "tags": (list, True, True),
    "either": (object, False, True),
    "money": (Money, False, True),
    "lines": (list, False, True),
    "at": (datetime, False, False),
}


def test_the_shape_says_type_nullness_and_structure_of_every_field() -> None:
    shape = shape_of(Everything)
    assert list(shape) == list(SHAPE)
    assert {name: (field.type, field.optional, field.is_document) for name, field in shape.items()} == SHAPE


def test_what_json_knows_is_told_from_what_an_annotation_promises() -> None:
    shape = shape_of(Everything)
    assert [name for name, field in shape.items() if field.is_json] == ["meta", "tags", "either"]


def test_identity_and_version_of_aggregates() -> None:
    class Thing(BaseAggregate):
        name: str

    shape = shape_of(Thing)
    assert [(field.name, field.type) for field in shape.values()] == [
        ("id", UUID),
        ("version", int),
        ("name", str),
    ]


def test_type_parameters_are_followed_through_the_bases() -> None:
    class Word(BaseEntity[str]):
        pass

    class Twice(Keyed[UUID]):
        pass

    assert shape_of(Word)["id"].type is str
    assert shape_of(Twice)["id"].type is UUID


def test_a_plain_dataclass_has_a_shape_and_another_class_has_none() -> None:
    @dataclass
    class Row:
        id: int

    assert list(shape_of(Row)) == ["id"]
    with pytest.raises(TypeError, match="derive it from BaseEntity"):
        shape_of(int)


def test_a_class_is_read_once() -> None:
    assert shape_of(Everything) is shape_of(Everything)
