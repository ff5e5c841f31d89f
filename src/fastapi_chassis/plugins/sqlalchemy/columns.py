"""Column types: how each kind of field lies in a database, so that it comes back as it was."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, override
from uuid import UUID, SafeUUID

from pydantic import PydanticSchemaGenerationError, TypeAdapter
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Double,
    Interval,
    LargeBinary,
    Numeric,
    Text,
    Time,
    Uuid,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from fastapi_chassis.domain import FieldShape, ValidationException

DECIMAL_COLLATION = "chassis_decimal"


class JsonText(str):
    """JSON that is written already."""

    __slots__ = ()


class PlainUuid(TypeDecorator[UUID]):
    """A UUID of the standard library, where the driver has a class of its own."""

    impl = postgresql.UUID
    cache_ok = True

    @override
    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[..., UUID | None]:
        return _plain


def _plain(value: UUID | None) -> UUID | None:
    if value is None:
        return None
    # as its own `__init__` would, which spends four fifths of its time on checks
    made = object.__new__(UUID)
    object.__setattr__(made, "int", value.int)
    object.__setattr__(made, "is_safe", SafeUUID.unknown)
    return made


class SqliteMoment(TypeDecorator[datetime]):
    """A time in UTC as text of one width, so that text sorts as time."""

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else moment_text(value)

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


class SqliteDecimal(TypeDecorator[Decimal]):
    """An exact number as text; the collation compares it as a number."""

    impl = Text(collation=DECIMAL_COLLATION)
    cache_ok = True

    @override
    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> str | None:
        return None if value is None else format(Decimal(value), "f")

    @override
    def process_result_value(self, value: str | float | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(str(value))


class SqliteSpan(TypeDecorator[timedelta]):
    """A span of time in microseconds."""

    impl = BigInteger
    cache_ok = True

    @override
    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        return None if value is None else value // timedelta(microseconds=1)

    @override
    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        return None if value is None else timedelta(microseconds=value)


class EnumValue(TypeDecorator[Enum]):
    """A member of an Enum by its value."""

    impl = Text
    cache_ok = True

    def __init__(self, members: type[Enum]) -> None:
        super().__init__()
        self.members = members

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(BigInteger() if self.is_number else text_type().dialect_impl(dialect))

    @property
    def is_number(self) -> bool:
        """Whether the values are whole numbers."""
        return all(isinstance(one.value, int) for one in self.members)

    @override
    def process_bind_param(self, value: Enum | None, dialect: Dialect) -> object:
        return None if value is None else value.value

    @override
    def process_result_value(self, value: object, dialect: Dialect) -> Enum | None:
        return None if value is None else self.members(value)


class Document(TypeDecorator[object]):
    """A nested structure as JSON; what JSON has no word for is written and read by its annotation.

    Args:
        name: the field, for messages.
        adapter: writes and reads it; None where it is made of what JSON knows.
    """

    impl = JSON
    cache_ok = True

    def __init__(self, name: str, adapter: TypeAdapter[object] | None = None) -> None:
        super().__init__(none_as_null=True)
        self.name = name
        self.adapter = adapter

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind = postgresql.JSONB if dialect.name == "postgresql" else JSON
        return dialect.type_descriptor(kind(none_as_null=True))

    @override
    def process_bind_param(self, value: object, dialect: Dialect) -> JsonText | None:
        if value is None:
            return None
        try:
            text = self.adapter.dump_json(value).decode() if self.adapter else dump_json(value)
        except (TypeError, ValueError) as fault:
            raise _unstorable(self.name, f"this is no document: {fault}") from None
        return JsonText(text)

    @override
    def process_result_value(self, value: object, dialect: Dialect) -> object:
        if value is None or self.adapter is None:
            return value
        return self.adapter.validate_python(value)


def dump_json(value: object) -> str:
    """Writes JSON; text that was written by a column stays as it is."""
    if type(value) is JsonText:
        return value
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def moment_text(value: datetime) -> str:
    """Writes a time as SQLite keeps it."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def text_type() -> TypeEngine[str]:
    """Returns the type of text; on PostgreSQL it is ordered by code points, as everywhere else."""
    return Text().with_variant(Text(collation="C"), "postgresql")


def moment_type() -> TypeEngine[datetime]:
    """Returns the type of a time with its zone."""
    return DateTime(timezone=True).with_variant(SqliteMoment(), "sqlite")


def uuid_type() -> TypeEngine[UUID]:
    """Returns the type of a UUID."""
    return Uuid().with_variant(PlainUuid(), "postgresql")


def number_type() -> TypeEngine[Decimal]:
    """Returns the type of an exact number."""
    return Numeric().with_variant(SqliteDecimal(), "sqlite")


def span_type() -> TypeEngine[timedelta]:
    """Returns the type of a span of time."""
    return Interval().with_variant(SqliteSpan(), "sqlite")


_TYPES: dict[type, Callable[[], TypeEngine[Any]]] = {
    bool: Boolean,
    int: BigInteger,
    float: Double,
    Decimal: number_type,
    str: text_type,
    bytes: LargeBinary,
    UUID: uuid_type,
    datetime: moment_type,
    date: Date,
    time: Time,
    timedelta: span_type,
}


def column_type(field: FieldShape) -> TypeEngine[Any]:
    """Chooses the column type of a field.

    Raises:
        ValueError: no database can hold it.
    """
    if field.is_document:
        return Document(field.name, None if field.is_json else _adapter(field))
    if issubclass(field.type, Enum):
        kinds = {int if type(one.value) is int else type(one.value) for one in field.type}
        if kinds not in ({str}, {int}):
            raise ValueError(
                f"{field.type.__name__} has values that are neither all text nor all whole numbers"
            )
        return EnumValue(field.type)
    return _TYPES[field.type]()


def _adapter(field: FieldShape) -> TypeAdapter[object]:
    try:
        return TypeAdapter(field.annotation)  # type: ignore[arg-type]  # read at run time
    except PydanticSchemaGenerationError:
        raise ValueError(f"pydantic does not know the type {field.annotation}") from None


def _unstorable(name: str, problem: str) -> ValidationException:
    return ValidationException(f"{name}: {problem}", errors={name: [problem]})
