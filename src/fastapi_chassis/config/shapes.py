"""Shapes: what a type annotation wants, as far as it decides how texts become values and how layers merge."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePath
from types import NoneType, UnionType
from typing import Annotated, Literal, NewType, TypeAliasType, Union, get_args, get_origin
from uuid import UUID

from pydantic import AliasChoices, BaseModel, ByteSize, Secret, SecretBytes, SecretStr
from pydantic.fields import FieldInfo


@dataclass(frozen=True, slots=True)
class TextShape:
    """Wants text: a scalar is taken as it is written."""

    optional: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True)
class ValueShape:
    """Wants a number, a flag, a date, or anything; `known` is False where a union leaves the choice open."""

    optional: bool = False
    known: bool = True


@dataclass(frozen=True, slots=True)
class ListShape:
    """Wants a list."""

    item: object = object
    optional: bool = False


@dataclass(frozen=True, slots=True)
class EntriesShape:
    """Wants a mapping with free keys."""

    item: object = object
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ModelShape:
    """Wants a section with known keys."""

    model: type[BaseModel]
    optional: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the model takes unknown keys."""
        return self.model.model_config.get("extra") == "allow"

    def fields(self) -> dict[str, object]:
        """Annotations by key, under each name that a field answers to."""
        return {
            name: Annotated[info.annotation, info]
            for field, info in self.model.model_fields.items()
            for name in _names(field, info, self.model)
        }


type Shape = TextShape | ValueShape | ListShape | EntriesShape | ModelShape

OPEN: object = int | str
"""The type of what lies inside a union whose member isn't known."""

_TEXTS = (str, bytes, PurePath, UUID)
_SECRETS = (SecretStr, SecretBytes, Secret)


def shape_of(annotation: object) -> Shape:
    """The shape of a type annotation; `Annotated`, aliases and `| None` are seen through."""
    return _shape(annotation, optional=False)


def _shape(annotation: object, *, optional: bool) -> Shape:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated or (isinstance(annotation, TypeAliasType) or isinstance(origin, TypeAliasType)):
        return _shape(_unwrapped(annotation), optional=optional)
    if isinstance(annotation, NewType):
        return _shape(annotation.__supertype__, optional=optional)
    if origin in {Union, UnionType}:
        return _union(arguments, optional=optional)
    if origin is Literal:
        is_text = all(isinstance(choice, str | None) for choice in arguments)
        return (
            TextShape(optional or None in arguments) if is_text else ValueShape(optional or None in arguments)
        )
    kind = origin if isinstance(origin, type) else annotation
    return (
        _class_shape(kind, arguments, optional=optional)
        if isinstance(kind, type)
        else ValueShape(optional=True, known=False)
    )


def _class_shape(kind: type, arguments: tuple[object, ...], *, optional: bool) -> Shape:
    if issubclass(kind, _SECRETS):
        return TextShape(optional, secret=True)
    if issubclass(kind, BaseModel):
        return ModelShape(kind, optional)
    if issubclass(kind, Mapping):
        return EntriesShape(arguments[1] if len(arguments) == 2 else object, optional)
    if issubclass(kind, _TEXTS) or kind is ByteSize:
        return TextShape(optional)
    if issubclass(kind, Collection) and not issubclass(kind, Enum):
        return ListShape(arguments[0] if arguments else object, optional)
    return ValueShape(optional)


def _union(arguments: tuple[object, ...], *, optional: bool) -> Shape:
    optional = optional or NoneType in arguments
    members = [_shape(member, optional=optional) for member in arguments if member is not NoneType]
    if len(members) == 1:
        return members[0]
    texts = [member for member in members if isinstance(member, TextShape)]
    if len(texts) == len(members):
        return TextShape(optional, any(member.secret for member in texts))
    return ValueShape(optional or any(member.optional for member in members), known=False)


def _unwrapped(annotation: object) -> object:
    alias = annotation if isinstance(annotation, TypeAliasType) else get_origin(annotation)
    return alias.__value__ if isinstance(alias, TypeAliasType) else get_args(annotation)[0]


def _names(field: str, info: FieldInfo, model: type[BaseModel]) -> list[str]:
    alias = info.validation_alias or info.alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    names = [choice for choice in choices if isinstance(choice, str)]
    config = model.model_config
    by_name = config.get("validate_by_name") or config.get("populate_by_name") or not names
    return [field, *names] if by_name else names
