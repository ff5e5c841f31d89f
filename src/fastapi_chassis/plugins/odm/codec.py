"""DocumentCodec: entities as documents whose values stay what they are for whoever else reads them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_FLOOR, Context, Decimal
from enum import Enum
from typing import Any, cast
from uuid import UUID

import bson
from bson import CodecOptions
from bson.binary import UuidRepresentation
from bson.datetime_ms import DatetimeMS
from bson.decimal128 import Decimal128
from pydantic import PydanticSchemaGenerationError, TypeAdapter

from fastapi_chassis.domain import FieldShape, Finding, ValidationException, WiringError, shape_of

type Document = dict[str, Any]
type Parts = tuple[object, object]  # a value as BSON knows it, and its rest; None where nothing remains

OPTIONS: CodecOptions[Document] = CodecOptions(
    tz_aware=True, tzinfo=UTC, uuid_representation=UuidRepresentation.STANDARD
)
ID, REST, VERSION = "_id", "_rest", "version"
EVENTS, NOTES, SCHEDULE, AUDIT = "_outbox", "_notes", "_schedule", "_audit"
REMOVED = "_removed"
THERE: Document = {REMOVED: {"$exists": False}}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND, _MICROSECOND = timedelta(milliseconds=1), timedelta(microseconds=1)
_DIGITS = 34  # of Decimal128; its exponents are greater than any that a number may have


@dataclass(frozen=True, slots=True)
class ValueCodec:
    """How the values of one type lie in a document.

    Args:
        write: makes the value and its rest.
        read: puts them together again.
        bson_type: the name of the value's type, as `$type` takes it; empty for several.
        has_rest: whether a rest is possible.
        is_ordered: whether MongoDB orders the values as Python does.
    """

    write: Callable[[Any], Parts]
    read: Callable[[Any, Any], object]
    bson_type: str = ""
    has_rest: bool = False
    is_ordered: bool = True


class DocumentCodec[Entity]:
    """Writes and reads the entities of one class.

    A value that BSON can't hold to its last digit lies there rounded down, and its rest beside it in `_rest`:
    so value and rest, compared one after the other, are ordered as the exact values are.

    Args:
        entity: the class.
        identity: the field that names an entity; it lies in `_id`.

    Raises:
        WiringError: a field that no document can hold; every fault is named.
    """

    def __init__(self, entity: type[Entity], identity: str) -> None:
        kind: type = entity
        self.entity = entity
        self.identity = identity
        self.shape: Mapping[str, FieldShape] = shape_of(kind)
        findings = list(_findings(kind, self.shape, identity))
        if findings:
            raise WiringError(*findings)
        self.values = {name: value_codec(field) for name, field in self.shape.items()}
        self._paths = {name: ID if name == identity else name for name in self.shape}

    def path(self, name: str) -> str:
        """Returns where a field's value lies."""
        return self._paths[name]

    def parts(self, name: str, value: object) -> Parts:
        """Returns a field's value and its rest, as they are compared."""
        return (None, None) if value is None else self.values[name].write(value)

    def key(self, key: object) -> object:
        """Returns an identity as documents have it."""
        return self.parts(self.identity, key)[0]

    def encode(self, entity: Entity, version: int | None = None) -> bytes:
        """Writes an entity as it is now, with another version where one is given."""
        document: Document = {}
        rests: Document = {}
        for name, path in self._paths.items():
            try:
                document[path], rest = self.parts(name, getattr(entity, name))
            except (ValueError, ArithmeticError, TypeError) as fault:
                raise _unstorable(name, str(fault)) from None
            if rest is not None:
                rests[name] = rest
        if version is not None:
            document[VERSION] = version
        if rests:
            document[REST] = rests
        return bson.encode(document, codec_options=OPTIONS)

    def decode(self, document: Mapping[str, Any]) -> Entity:
        """Reads an entity; without `__init__`: what was stored was checked when it was made."""
        rests = document.get(REST, {})
        made = object.__new__(self.entity)
        made.__dict__ = {
            name: None
            if (found := document.get(path)) is None
            else self.values[name].read(found, rests.get(name))
            for name, path in self._paths.items()
        }
        return made


def fields_of(encoded: bytes) -> Document:
    """Returns what was encoded, as a copy that nobody else has."""
    return bson.decode(encoded, codec_options=OPTIONS)


def value_codec(field: FieldShape) -> ValueCodec:
    """Chooses how a field's values lie in a document."""
    if field.is_document:
        return _document_codec(field)
    if issubclass(field.type, Enum):
        return _enum_codec(field.type)
    return _SCALARS[field.type]


def _plain(bson_type: str, read: Callable[[Any], object], *, write: Callable[[Any], object]) -> ValueCodec:
    return ValueCodec(lambda value: (write(value), None), lambda found, _: read(found), bson_type)


def _enum_codec(members: type[Enum]) -> ValueCodec:
    return ValueCodec(
        lambda member: (member.value, None),
        lambda found, _: members(found),
        "string" if _kinds_of(members) == {str} else "number",
    )


def _kinds_of(members: type[Enum]) -> set[type]:
    return {int if type(one.value) is int else type(one.value) for one in members}


def _document_codec(field: FieldShape) -> ValueCodec:
    if field.is_json:
        return ValueCodec(lambda value: (value, None), lambda found, _: found)
    adapter: TypeAdapter[Any] = TypeAdapter(field.annotation)  # type: ignore[arg-type]  # read at run time
    return ValueCodec(
        lambda value: (adapter.dump_python(value, mode="json"), None),
        lambda found, _: adapter.validate_python(found),
    )


def _write_moment(value: datetime) -> Parts:
    milliseconds, rest = divmod(value - _EPOCH, _MILLISECOND)
    return DatetimeMS(milliseconds), rest // _MICROSECOND or None


def _read_moment(found: datetime, rest: int | None) -> datetime:
    return found + (rest or 0) * _MICROSECOND


def _write_day(value: date) -> datetime:
    return datetime(value.year, value.month, value.day, tzinfo=UTC)


def _write_exact(value: Decimal | int) -> Parts:
    number = Decimal(value)
    digits = number.as_tuple().digits
    if len(digits) <= _DIGITS:
        return Decimal128(number), None
    rounded = Context(prec=_DIGITS, rounding=ROUND_FLOOR).plus(number)
    exact = Context(prec=len(digits) + _DIGITS)
    rest = exact.subtract(number, rounded)
    if not rest:
        return Decimal128(rounded), None
    # behind one rounded value the rests are fractions of one unit: as digits they sort like numbers
    fraction = format(exact.scaleb(rest, -_unit(rounded)), "f")
    return Decimal128(rounded), fraction.partition(".")[2].rstrip("0")


def _read_exact(found: Decimal128, rest: str | None) -> Decimal:
    rounded = found.to_decimal()
    if rest is None:
        return rounded
    exact = Context(prec=len(rest) + 2 * _DIGITS)
    return exact.add(rounded, exact.scaleb(Decimal(f"0.{rest}"), _unit(rounded)))


def _unit(rounded: Decimal) -> int:
    """Returns the exponent of the last digit that Decimal128 could have kept."""
    return rounded.adjusted() - _DIGITS + 1


_SCALARS: dict[type, ValueCodec] = {
    bool: _plain("bool", bool, write=bool),
    int: _plain("number", int, write=int),
    float: _plain("double", float, write=float),
    str: _plain("string", str, write=str),
    Decimal: ValueCodec(_write_exact, _read_exact, "decimal", has_rest=True),
    UUID: _plain("binData", lambda found: cast("UUID", found), write=lambda value: UUID(bytes=value.bytes)),
    # MongoDB compares lengths first
    bytes: ValueCodec(
        lambda value: (bytes(value), None), lambda found, _: bytes(found), "binData", is_ordered=False
    ),
    datetime: ValueCodec(_write_moment, _read_moment, "date", has_rest=True),
    date: _plain("date", datetime.date, write=_write_day),
    time: _plain("string", time.fromisoformat, write=lambda value: value.isoformat("microseconds")),
    timedelta: _plain(
        "number", lambda found: found * _MICROSECOND, write=lambda value: value // _MICROSECOND
    ),
}


def _findings(entity: type, shape: Mapping[str, FieldShape], identity: str) -> list[Finding]:
    findings = [
        Finding(
            f"{entity.__qualname__}.{name} begins with an underscore, as only the store's own fields do",
            remedy="rename it.",
        )
        for name in shape
        if name.startswith("_")
    ]
    findings += [
        Finding(
            f"{field.type.__name__} has values that are neither all text nor all whole numbers",
            f"{entity.__qualname__}.{name}",
            "give them one type.",
        )
        for name, field in shape.items()
        if issubclass(field.type, Enum) and _kinds_of(field.type) not in ({str}, {int})
    ]
    findings += [
        Finding(
            f"pydantic does not know the type {field.annotation}",
            f"{entity.__qualname__}.{name}",
            "annotate it with types that it knows.",
        )
        for name, field in shape.items()
        if field.is_document and not field.is_json and not _is_known(field.annotation)
    ]
    if identity not in shape:
        remedy = "name a field of it: identity = ..."
        return [*findings, Finding(f"{entity.__qualname__} has no field {identity}", remedy=remedy)]
    key = shape[identity]
    if key.is_document or value_codec(key).has_rest or key.optional:
        remedy = "use a UUID, text or a whole number."
        what = f"{entity.__qualname__}.{identity} can't be the `_id` of a document"
        findings.append(Finding(what, remedy=remedy))
    return findings


def _is_known(annotation: Any) -> bool:
    try:
        TypeAdapter(annotation)
    except PydanticSchemaGenerationError:
        return False
    return True


def _unstorable(name: str, problem: str) -> ValidationException:
    return ValidationException(f"{name}: {problem}", errors={name: [problem]})
