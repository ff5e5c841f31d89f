"""encode_value() and decode_value(): cached values as bytes that come back as exactly what they were."""

import json
import math
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import cast
from uuid import UUID

import orjson

_TAG = "$"
_BYTES = b"\x00"  # no JSON begins like this


def _written[T](kind: type[T], write: Callable[[T], object]) -> Callable[[object], object]:
    def write_checked(value: object) -> object:
        return {f"{_TAG}{kind.__name__}": write(cast("T", value))}

    return write_checked


def _datetime(parts: tuple[str, int]) -> datetime:
    text, fold = parts
    return datetime.fromisoformat(text).replace(fold=fold)


def _timedelta(parts: list[int]) -> timedelta:
    days, seconds, microseconds = parts
    return timedelta(days, seconds, microseconds)


_WRITERS: Mapping[type, Callable[[object], object]] = {
    bytes: _written(bytes, lambda value: b64encode(value).decode()),
    datetime: _written(datetime, lambda value: [value.isoformat(), value.fold]),
    date: _written(date, date.isoformat),
    timedelta: _written(timedelta, lambda value: [value.days, value.seconds, value.microseconds]),
    Decimal: _written(Decimal, str),
    UUID: _written(UUID, str),
}
_READERS: Mapping[str, Callable[..., object]] = {
    "$int": int,
    "$float": float,
    "$bytes": b64decode,
    "$datetime": _datetime,
    "$date": date.fromisoformat,
    "$timedelta": _timedelta,
    "$Decimal": Decimal,
    "$UUID": UUID,
    "$dict": lambda pairs: {key: _read(value) for key, value in pairs},
}


def encode_value(value: object) -> bytes:
    """Writes a value as JSON, in which what JSON doesn't know is tagged; bytes stay what they are.

    Raises:
        TypeError: it is, or holds, something that would not come back as what it was.
    """
    if type(value) is bytes:
        return _BYTES + value
    plain = _plain(value)
    try:
        return orjson.dumps(plain)
    except TypeError:  # half a surrogate pair, or very deep
        return json.dumps(plain, separators=(",", ":")).encode()


def decode_value(data: bytes) -> object:
    """Reads what `encode_value` wrote.

    Raises:
        ValueError: something else wrote it.
    """
    if data[:1] == _BYTES:
        return data[1:]
    try:
        value = _parsed(data)
        return _read(value) if b'"$' in data else value
    except (KeyError, TypeError, ArithmeticError, RecursionError) as fault:
        raise ValueError("these bytes are no cached value") from fault


def _parsed(data: bytes) -> object:
    try:
        return cast("object", orjson.loads(data))
    except orjson.JSONDecodeError:
        return cast("object", json.loads(data))


def _plain(value: object) -> object:
    # subclasses, such as enumerations, would come back as their base
    kind = type(value)
    if value is None or kind is str or kind is bool:
        return value
    if kind is int:
        number = cast("int", value)
        return number if -(2**63) <= number < 2**64 else {"$int": str(number)}
    if kind is float:
        return value if math.isfinite(cast("float", value)) else {"$float": str(value)}
    if kind is list:
        return [_plain(item) for item in cast("list[object]", value)]
    if kind is dict:
        return _plain_dict(cast("dict[object, object]", value))
    if kind in _WRITERS:
        return _WRITERS[kind](value)
    raise TypeError(
        f"{kind.__qualname__} can't be cached: cache texts, numbers, times, bytes, lists and dicts"
    )


def _plain_dict(value: dict[object, object]) -> object:
    for key in value:
        if type(key) is not str:
            raise TypeError(f"{key!r} can't be the key of a cached dict: keys are texts")
    pairs = [(cast("str", key), _plain(item)) for key, item in value.items()]
    if any(key.startswith(_TAG) for key, _ in pairs):
        return {"$dict": pairs}
    return dict(pairs)


def _read(value: object) -> object:
    match value:
        case list():
            return [_read(item) for item in value]
        case dict():
            tag = next(iter(value), "")
            if tag.startswith(_TAG):
                return _READERS[tag](value[tag])
            return {key: _read(item) for key, item in value.items()}
        case _:
            return value
