"""What every store can hold: the bounds on text and numbers that make stores agree."""

from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from math import isfinite
from operator import attrgetter
from typing import cast
from uuid import UUID

from fastapi_chassis.domain.exceptions import ValidationException
from fastapi_chassis.domain.record import SCALARS, shape_of

MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1
MAX_LEVELS = 100
MAX_DIGITS = 1_000
# a day from the ends: in other zones these moments exist too, and drivers take the ends for infinity
MIN_MOMENT, MAX_MOMENT = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
_NESTED = (dict, list, tuple, set, frozenset)
_KIND = {str: "text", int: "a whole number", float: "a number", bool: "true or false", bytes: "bytes"}


def kind_of(type_: type) -> str:
    """Names a type as a caller would."""
    return _KIND.get(type_, type_.__name__)


def problem_with(wanted: type, value: object) -> str | None:
    """Says what keeps a value from being stored as this type, or nothing where all is well."""
    if not _is_a(wanted, value):
        return f"expected {kind_of(wanted)}, got {kind_of(type(value))}"
    kind: type = type(value)
    bound = _bound_of(kind)
    return bound(value) if bound else None


def _is_a(wanted: type, value: object) -> bool:
    if isinstance(value, bool):
        return wanted is bool or wanted is object
    if wanted is float:
        return isinstance(value, float | int)
    if wanted is Decimal:
        return isinstance(value, Decimal | int)
    if wanted is date:
        return isinstance(value, date) and not isinstance(value, datetime)
    return isinstance(value, wanted)


def _text(value: object) -> str | None:
    text = str(value)
    if "\x00" in text:
        return "text must not hold the character NUL"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "text must not hold lone surrogates"
    return None


def _integer(value: object) -> str | None:
    return None if MIN_INTEGER <= value <= MAX_INTEGER else "a whole number must fit in 64 bits"  # type: ignore[operator]  # chosen by type


def _number(value: object) -> str | None:
    return None if isfinite(value) else "a number must be finite"  # type: ignore[arg-type]  # chosen by type


def _decimal(value: object) -> str | None:
    number = cast("Decimal", value)
    if not number.is_finite():
        return "a number must be finite"
    # written out, 1E+999999999 would fill the memory
    if abs(number.adjusted()) <= MAX_DIGITS and -number.as_tuple().exponent <= MAX_DIGITS:  # type: ignore[operator]  # finite
        return None
    return f"a number has at most {MAX_DIGITS} digits on either side of its point"


def _moment(value: object) -> str | None:
    moment = cast("datetime", value)
    if moment.utcoffset() is None:
        return "a time needs its zone"
    if MIN_MOMENT <= moment < MAX_MOMENT:
        return None
    return "a time must lie between 0001-01-02 and 9999-12-30"


def _hour(value: object) -> str | None:
    return None if cast("time", value).tzinfo is None else "a time of day has no zone"


def _span(value: object) -> str | None:
    microseconds = cast("timedelta", value) // timedelta(microseconds=1)
    return _integer(microseconds) and "a span of time must fit in 64 bits of microseconds"


def _document(value: object) -> str | None:
    level = [value]
    for _ in range(MAX_LEVELS):
        inner = [item for held in level for item in _entries(held)]
        level = [item for item in inner if _is_nested(item)]
        single = (item for item in inner if not _is_nested(item))
        problem = next((problem for item in single if (problem := problem_with(object, item))), None)
        if problem or not level:
            return problem
    return f"a document is at most {MAX_LEVELS} levels deep"


def _json(value: object) -> str | None:
    """Looks for what JSON has no word for, in a document whose depth was checked."""
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            return "the keys of a document are text"
        return next((problem for item in value.values() if (problem := _json(item))), None)
    if isinstance(value, list):
        return next((problem for item in value if (problem := _json(item))), None)
    if value is None or isinstance(value, str | int | float):
        return None
    return f"{kind_of(type(value))} has no place in a document: annotate what it holds"


def _is_nested(value: object) -> bool:
    return isinstance(value, _NESTED) or (is_dataclass(value) and not isinstance(value, type))


def _entries(held: object) -> Iterable[object]:
    if isinstance(held, dict):
        return (*held, *held.values())
    if is_dataclass(held):
        return [getattr(held, spec.name) for spec in fields(held)]
    return cast("Iterable[object]", held)


_BOUNDS: dict[type, Callable[[object], str | None]] = {
    str: _text,
    int: _integer,
    float: _number,
    Decimal: _decimal,
    datetime: _moment,
    time: _hour,
    timedelta: _span,
    **dict.fromkeys(_NESTED, _document),
}


@cache
def _bound_of(type_: type) -> Callable[[object], str | None] | None:
    bound = next((_BOUNDS[kind] for kind in type_.__mro__ if kind in _BOUNDS), None)
    return bound or (_document if is_dataclass(type_) else None)


def _whatever(_value: object) -> bool:
    return True


# most values are of the very type and well within its bounds: one look is enough for them
_SOUND: dict[type, Callable[..., bool]] = {
    str: lambda text: text.isascii() and "\x00" not in text,
    int: lambda number: MIN_INTEGER <= number <= MAX_INTEGER,
    datetime: lambda moment: moment.tzinfo is UTC and 1 < moment.year < 9999,
    **dict.fromkeys((bool, bytes, UUID, date), _whatever),
}


@cache
def _checks(entity: type) -> tuple[tuple[str, Callable[[object], object], type, bool, bool], ...]:
    return tuple(
        (name, attrgetter(name), _held(field.type), field.optional, field.is_json)
        for name, field in shape_of(entity).items()
    )


def _held(type_: type) -> type:
    return type_ if type_ in SCALARS or issubclass(type_, dict | list | Enum) else object


def check_storable(entity: object) -> None:
    """Refuses an entity that some store could not give back as it was.

    Raises:
        ValidationException: a field holds another type, NUL, a lone surrogate, more than 64 bits, a time
            without zone, a number that is not finite, or a document that is nested too deeply.
    """
    kind: type = type(entity)
    for name, read, wanted, optional, is_json in _checks(kind):
        value = read(entity)
        if type(value) is wanted and wanted in _SOUND and _SOUND[wanted](value):
            continue
        if value is None and optional:
            continue
        problem = problem_with(wanted, value) or (_json(value) if is_json else None)
        if problem:
            raise ValidationException(f"{name}: {problem}", errors={name: [problem]})
