"""FieldShape: what an entity's annotations say about its fields, read once per class."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType, get_original_bases
from typing import (
    Annotated,
    Any,
    Literal,
    NewType,
    TypeAliasType,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)
from uuid import UUID

SCALARS: tuple[type, ...] = (bool, int, float, Decimal, str, bytes, UUID, datetime, date, time, timedelta)
_JSON: tuple[object, ...] = (dict, list, str, int, float, bool, object, Any, None, NoneType, Union, UnionType)


@dataclass(frozen=True, slots=True)
class FieldShape:
    """One field of an entity.

    Args:
        name: the attribute.
        type: the plain type: a scalar, an Enum class, `dict`, `list`, or another class.
        optional: whether None is a value of it.
        annotation: the annotation as written, with its metadata.
    """

    name: str
    type: type
    optional: bool
    annotation: object

    @property
    def is_document(self) -> bool:
        """Whether it holds a nested structure rather than one value."""
        return not (self.type in SCALARS or issubclass(self.type, Enum))

    @property
    def is_json(self) -> bool:
        """Whether it holds a structure of what JSON knows, and its annotation promises nothing else."""
        return self.is_document and _is_json(self.annotation)


def _is_json(annotation: object) -> bool:
    kind, arguments = get_origin(annotation) or annotation, get_args(annotation)
    if kind is Annotated:
        return _is_json(arguments[0])
    if kind is dict and arguments and arguments[0] is not str:
        return False
    return kind in _JSON and all(_is_json(argument) for argument in arguments)


@cache
def shape_of(entity: type) -> Mapping[str, FieldShape]:
    """Reads the fields of a dataclass, in their order.

    Raises:
        TypeError: the class is no dataclass.
    """
    if not is_dataclass(entity):
        raise TypeError(f"{entity.__qualname__} is no entity: derive it from BaseEntity or BaseAggregate")
    hints = get_type_hints(entity, include_extras=True)
    chosen = _arguments(entity)
    return {spec.name: _field(spec.name, hints[spec.name], chosen) for spec in fields(entity)}


def _arguments(entity: type) -> Mapping[object, object]:
    """Reads what was chosen for the type parameters of the bases: `BaseEntity[str]` makes Key a str."""
    return {
        parameter: argument
        for ancestor in entity.__mro__[:-1]
        for base in get_original_bases(ancestor)
        for parameter, argument in zip(
            getattr(get_origin(base), "__parameters__", ()), get_args(base), strict=False
        )
    }


def _field(name: str, annotation: object, chosen: Mapping[object, object]) -> FieldShape:
    inner = _plain(annotation, chosen)
    optional = False
    if get_origin(inner) in {Union, UnionType}:
        arms = [arm for arm in get_args(inner) if arm is not NoneType]
        optional = len(arms) < len(get_args(inner))
        inner = _plain(arms[0], chosen) if len(arms) == 1 else object
    if get_origin(inner) is Literal:
        kinds = {type(value) for value in get_args(inner)}
        inner = kinds.pop() if len(kinds) == 1 else object
    plain = get_origin(inner) or inner
    return FieldShape(name, plain if isinstance(plain, type) else object, optional, annotation)


def _plain(annotation: object, chosen: Mapping[object, object]) -> object:
    """Takes off what only names or decorates a type."""
    while True:
        if isinstance(annotation, TypeVar) and annotation in chosen:
            annotation = chosen[annotation]
        elif get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif isinstance(annotation, NewType):
            annotation = annotation.__supertype__
        elif isinstance(annotation, TypeAliasType):
            annotation = annotation.__value__
        else:
            return annotation
