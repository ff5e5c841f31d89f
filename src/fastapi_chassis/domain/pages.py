"""Page and Cursor: a part of a list, and the place where the next part begins."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from uuid import UUID

from fastapi_chassis.domain.exceptions import ValidationException
from fastapi_chassis.domain.lookups import Criterion, Order
from fastapi_chassis.domain.record import FieldShape, shape_of
from fastapi_chassis.domain.values import problem_with


@dataclass(frozen=True, slots=True)
class Page[Item]:
    """A part of a list.

    Args:
        items: the entries, in order.
        next: the cursor of the following part, or None at the end.
        total: how many there are in all, where the caller asked for the count.
    """

    items: tuple[Item, ...]
    next: str | None = None
    total: int | None = None


_WRITERS: dict[type, tuple[str, Callable[..., str]]] = {
    UUID: ("u", str),
    datetime: ("t", datetime.isoformat),  # stands before date, which it is as well
    date: ("d", date.isoformat),
    time: ("c", time.isoformat),
    timedelta: ("s", lambda length: str(length // timedelta(microseconds=1))),
    Decimal: ("n", str),
    bytes: ("b", bytes.hex),
}
_READERS: dict[str, Callable[[str], object]] = {
    "u": UUID,
    "t": datetime.fromisoformat,
    "d": date.fromisoformat,
    "c": time.fromisoformat,
    "s": lambda text: timedelta(microseconds=int(text)),
    "n": Decimal,
    "b": bytes.fromhex,
}


@dataclass(frozen=True, slots=True)
class Cursor:
    """The values of the last entry's order fields, signed and bound to the question that was asked.

    Args:
        values: one value per term of the order.
    """

    values: tuple[object, ...]

    def encode(self, secret: bytes, criteria: Sequence[Criterion], orders: Sequence[Order]) -> str:
        """Writes the cursor as text for a URL."""
        body = json.dumps([_tagged(value) for value in self.values], separators=(",", ":")).encode()
        return _text(_seal(secret, criteria, orders, body) + body)

    @classmethod
    def decode(
        cls, text: str, secret: bytes, criteria: Sequence[Criterion], orders: Sequence[Order]
    ) -> "Cursor":
        """Reads a cursor that was made for this very question.

        Raises:
            ValidationException: it was changed, or belongs to another filter or order.
        """
        try:
            raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        except ValueError:
            raw = b""
        seal, body = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if _text(raw) != text or not hmac.compare_digest(seal, _seal(secret, criteria, orders, body)):
            raise _foreign()
        try:
            return cls(tuple(_untagged(value) for value in json.loads(body)))
        except (ValueError, TypeError, LookupError, ArithmeticError):  # sealed with a key that others know
            raise _foreign() from None

    def place(self, entity: type, orders: Sequence[Order]) -> tuple[object, ...]:
        """Returns the values as an entity's fields hold them.

        Raises:
            ValidationException: a value could not stand in its field.
        """
        shape = shape_of(entity)
        if len(self.values) != len(orders):
            raise _foreign()
        return tuple(
            _held(shape[order.field], value) for order, value in zip(orders, self.values, strict=True)
        )


_SEAL_BYTES = 16


def _seal(secret: bytes, criteria: Sequence[Criterion], orders: Sequence[Order], body: bytes) -> bytes:
    question = repr((sorted(map(repr, criteria)), tuple(orders))).encode()
    return hmac.digest(secret, hashlib.sha256(question).digest() + body, "sha256")[:_SEAL_BYTES]


def _held(field: FieldShape, value: object) -> object:
    if value is None and field.optional:
        return None
    if issubclass(field.type, Enum):
        value = next((member for member in field.type if member.value == value), value)
    if problem_with(field.type, value):
        raise _foreign()
    return value


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _foreign() -> ValidationException:
    message = "the cursor does not belong to this filter and order"
    return ValidationException(message, errors={"after": [message]}, error_code="INVALID_CURSOR")


def _tagged(value: object) -> object:
    if isinstance(value, Enum):
        value = value.value
    kind = next((kind for kind in _WRITERS if isinstance(value, kind)), None)
    if kind is None:
        return value
    tag, write = _WRITERS[kind]
    return [tag, write(value)]


def _untagged(value: object) -> object:
    if isinstance(value, list):
        tag, text = value
        return _READERS[tag](text)
    return value
