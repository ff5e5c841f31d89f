from collections.abc import Mapping, Sequence
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from typing import Annotated, Literal, NewType

import pytest
from pydantic import AliasChoices, BaseModel, ByteSize, ConfigDict, Field, SecretStr

from fastapi_chassis.config import Seconds, SecretUrl
from fastapi_chassis.config.shapes import EntriesShape, ListShape, ModelShape, TextShape, ValueShape, shape_of


class Model(BaseModel):
    a: int = 0
    b: str = Field(default="", validation_alias=AliasChoices("bee", "be"))


class Words(StrEnum):
    A = "1"


class Numbers(IntEnum):
    A = 1


class Things(Enum):
    A = object()


type Many[T] = list[T]
Name = NewType("Name", str)


@pytest.mark.parametrize(
    ("annotation", "shape"),
    [
        (str, TextShape()),
        (str | None, TextShape(optional=True)),
        (Annotated[str | None, "x"], TextShape(optional=True)),
        (SecretStr, TextShape(secret=True)),
        (SecretUrl | None, TextShape(optional=True, secret=True)),
        (Path, TextShape()),
        (Name, TextShape()),
        (ByteSize, TextShape()),
        (Words, TextShape()),
        (Literal["a", "b"], TextShape()),
        (Literal[1, 2], ValueShape()),
        (Numbers, ValueShape()),
        (Things, ValueShape()),
        (int, ValueShape()),
        (Seconds, ValueShape()),
        (bool | None, ValueShape(optional=True)),
        (int | str, ValueShape(known=False)),
        (str | SecretStr, TextShape(secret=True)),
        (list[str], ListShape(str)),
        (Sequence[int] | None, ListShape(int, optional=True)),
        (tuple[str, ...], ListShape(str)),
        (dict[str, int], EntriesShape(int)),
        (Mapping[str, Model], EntriesShape(Model)),
        (Model | None, ModelShape(Model, optional=True)),
        (Model | Words, ValueShape(known=False)),
        (object, ValueShape()),
        (None, ValueShape(optional=True, known=False)),
    ],
)
def test_shapes(annotation: object, shape: object) -> None:
    assert shape_of(annotation) == shape


def test_a_generic_alias_is_a_list() -> None:
    assert isinstance(shape_of(Many[str]), ListShape)


def test_fields_answer_to_their_names() -> None:
    class Both(Model):
        model_config = ConfigDict(validate_by_name=True)

    assert set(ModelShape(Model).fields()) == {"a", "bee", "be"}
    assert set(ModelShape(Both).fields()) == {"a", "b", "bee", "be"}


def test_open_models() -> None:
    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")

    assert ModelShape(Open).is_open
    assert not ModelShape(Model).is_open
