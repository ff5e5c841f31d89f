"""RowCodec: entities as bytes that come back as exactly what they were, and their keys as text."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, datetime, time
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Self, cast
from uuid import UUID

from pydantic import TypeAdapter
from pydantic.errors import PydanticSchemaGenerationError

from fastapi_chassis.caching import decode_value, encode_value
from fastapi_chassis.domain import (
    ChassisError,
    FieldShape,
    Finding,
    ValidationException,
    WiringError,
    shape_of,
)

type Convert = Callable[[object], object]

_VERSION = "version"
_ORDERED = (str, UUID, int)  # their text sorts as they do
_DIGEST = 16  # bytes


class StoredRowError(ChassisError):
    """What is stored does not fit the entity any more."""


@dataclass(frozen=True, slots=True)
class Row:
    """An entity as it is stored.

    Args:
        revision: how often it was written; of an entity with a version, that.
        data: its fields.
    """

    revision: int
    data: bytes

    @classmethod
    def of(cls, raw: bytes) -> Self:
        """Reads what the server keeps."""
        revision, _, data = raw.partition(b"\n")
        return cls(int(revision), data)

    def moved(self, revision: int) -> "Row":
        """Returns the same with another revision."""
        return Row(revision, self.data)


class RowCodec[Entity]:
    """Writes and reads the entities of one class.

    Entities come back without `__init__`: what was stored was checked when it was made. A field that was
    added to the class since then has its default.

    Args:
        entity: the class.
        identity: the field that tells entities apart.

    Raises:
        WiringError: a field can't be stored.
    """

    def __init__(self, entity: type[Entity], identity: str) -> None:
        kind: type = entity
        shape = shape_of(kind)
        self.has_version = _VERSION in shape
        self.is_ordered = shape[identity].type in _ORDERED
        self._entity = entity
        self._shape = shape
        self._identity = identity
        held = [field for field in shape.values() if field.name != _VERSION]
        self._converts = {field.name: _conversion(kind, field) for field in held}
        self._defaults = _defaults(kind)

    def encode(self, entity: Entity, revision: int) -> Row:
        """Writes an entity.

        Raises:
            ValidationException: a value is of a class that would not come back.
        """
        written = {
            name: getattr(entity, name)
            if convert is None
            else _applied(convert[0], getattr(entity, name), name)
            for name, convert in self._converts.items()
        }
        try:
            return Row(revision, encode_value(written))
        except TypeError:
            return Row(revision, encode_value({name: _exact(name, one) for name, one in written.items()}))

    def decode(self, row: Row) -> Entity:
        """Makes an entity.

        Raises:
            StoredRowError: it was stored by a class that has other fields.
        """
        stored = cast("dict[str, object]", decode_value(row.data))
        made = object.__new__(self._entity)
        values = made.__dict__
        for name, convert in self._converts.items():
            value = stored[name] if name in stored else self._default(name)
            values[name] = value if convert is None or value is None else convert[1](value)
        if self.has_version:
            values[_VERSION] = row.revision
        return made

    def member(self, key: object) -> str:
        """Returns a key as text."""
        if type(key) is str:
            return key
        if type(key) is UUID:
            return str(key)
        if type(key) is int and self._shape[self._identity].type is int:
            return f"{key + 2**63:020d}"
        value = _canonical(self._shape[self._identity], key)
        return value if isinstance(value, str) else encode_value(value).decode("ascii")

    def digest(self, names: Sequence[str], values: Sequence[object]) -> str | None:
        """Returns one text for equal values of some fields; None where one is null, which is never equal."""
        if None in values:
            return None
        same = [_canonical(self._shape[name], value) for name, value in zip(names, values, strict=True)]
        return hashlib.blake2b(encode_value(same), digest_size=_DIGEST).hexdigest()

    def _default(self, name: str) -> object:
        if name not in self._defaults:
            title = self._entity.__qualname__
            raise StoredRowError(
                Finding(f"a stored {title} has no {name}", remedy=f"give {title}.{name} a default.")
            )
        return self._defaults[name]()


def _conversion(entity: type, field: FieldShape) -> tuple[Convert, Convert] | None:
    if issubclass(field.type, Enum):
        members = field.type
        return (lambda value: cast("Enum", value).value), members
    if field.type is time:
        return (lambda value: cast("time", value).isoformat()), (lambda text: time.fromisoformat(str(text)))
    if not field.is_document or field.is_json:
        return None
    try:
        adapter: TypeAdapter[object] = TypeAdapter(field.annotation)  # type: ignore[arg-type]  # read at run time
    except PydanticSchemaGenerationError:
        what = f"{entity.__qualname__}.{field.name} can't be stored: {field.annotation}"
        raise WiringError(Finding(what, remedy="annotate it with types that pydantic knows.")) from None
    return (lambda value: adapter.dump_python(value, mode="json")), adapter.validate_python


def _defaults(entity: type) -> Mapping[str, Callable[[], object]]:
    made: dict[str, Callable[[], object]] = {}
    for spec in fields(entity):
        if spec.default_factory is not MISSING:
            made[spec.name] = spec.default_factory
        elif spec.default is not MISSING:
            made[spec.name] = partial(_same, spec.default)
    return made


def _same(value: object) -> object:
    return value


def _applied(convert: Convert, value: object, name: str) -> object:
    if value is None:
        return None
    try:
        return convert(value)
    except (TypeError, ValueError) as fault:
        raise _unstorable(name, str(fault)) from None


def _exact(name: str, value: object) -> object:
    """Takes off what a subclass adds to text or a number, as other stores do."""
    kind: type = type(value)
    if issubclass(kind, str):
        return str.__str__(cast("str", value))
    if issubclass(kind, int) and kind is not bool:
        return int(cast("int", value))
    try:
        encode_value(value)
    except TypeError as fault:
        raise _unstorable(name, str(fault)) from None
    return value


def _unstorable(name: str, problem: str) -> ValidationException:
    return ValidationException(f"{name}: {problem}", errors={name: [problem]})


def _canonical(field: FieldShape, value: object) -> object:
    """Returns the same for values that are equal."""
    if isinstance(value, Enum):
        value = value.value
    if field.type is Decimal and isinstance(value, int):
        value = Decimal(value)
    if field.type is float:
        return float(cast("float", value)) + 0.0
    same = next((_SAME[kind] for kind in type(value).__mro__ if kind in _SAME), None)
    return same(value) if same else value


def _digits(value: Decimal) -> str:
    sign, digits, exponent = value.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    shown = text.rstrip("0")
    if not shown:
        return "0"
    return f"{'-' if sign else ''}{shown}e{int(exponent) + len(text) - len(shown)}"


_SAME: Mapping[type, Callable[..., object]] = {
    str: str.__str__,
    datetime: lambda moment: moment.astimezone(UTC).isoformat(),
    time: time.isoformat,
    Decimal: _digits,
    UUID: str,
    bytes: bytes.hex,
}
