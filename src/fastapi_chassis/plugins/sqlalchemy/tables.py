"""Tables: where entities lie; derived from their fields, or given and checked against them."""

from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, MetaData, Numeric, Table, UniqueConstraint, type_coerce
from sqlalchemy import Enum as EnumType
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import JSON, TypeDecorator

from fastapi_chassis.domain import FieldShape, Finding, WiringError, shape_of, snake_case
from fastapi_chassis.plugins.sqlalchemy.columns import column_type
from fastapi_chassis.plugins.sqlalchemy.dialects import DERIVED, derived_from

_EXACT_DIGITS = 15  # beyond them SQLite makes a number of its own out of a NUMERIC column's text
_REPLACED = {datetime, Decimal, timedelta, UUID}
NAMING = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "ck": "%(table_name)s_%(constraint_name)s_check",
}


def table_for(
    entity: type, metadata: MetaData, *, identity: str = "id", unique: tuple[tuple[str, ...], ...] = ()
) -> Table:
    """Derives a table from an entity's fields, once for each metadata.

    Args:
        entity: a dataclass, such as an aggregate.
        metadata: what the table becomes part of.
        identity: the field that is the primary key.
        unique: fields whose values are taken once only, in groups.

    Raises:
        WiringError: a field that no column can hold.
    """
    name = snake_case(entity.__name__)
    table = metadata.tables.get(name)
    if table is None:
        columns = _columns(entity, identity)
        table = Table(name, metadata, *columns)
        metadata.info.setdefault(DERIVED, {})[name] = entity
    elif derived_from(table) is not entity:
        raise WiringError(
            Finding(
                f"{entity.__qualname__} would lie in the table {name}, where something else lies already",
                remedy="give it a table of its own in its module: tables={...}.",
            )
        )
    known = set(unique_groups(table))
    for names in unique:
        if names not in known:
            table.append_constraint(UniqueConstraint(*names))
    return table


def unique_groups(table: Table) -> tuple[tuple[str, ...], ...]:
    """Returns the groups of columns whose values are taken once only, besides the primary key."""
    constraints = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
    return tuple(tuple(column.key for column in one.columns) for one in constraints)


def has_unique(table: Table) -> bool:
    """Whether anything but the primary key may be taken already."""
    return bool(unique_groups(table)) or any(index.unique for index in table.indexes)


def fields_of(entity: type, table: Table) -> dict[str, ColumnElement[Any]]:
    """Returns the column of each field, with a type that reads and writes it as it is."""
    derived = derived_from(table) is not None
    return {
        name: table.c[name] if derived else _fitted(table.c[name], field)
        for name, field in shape_of(entity).items()
    }


def findings_of(entity: type, table: Table, identity: str, dialect: str = "postgresql") -> list[Finding]:
    """Compares a given table with the entity that shall lie in it.

    Args:
        entity: the entity.
        table: what the service wrote.
        identity: the field that is the primary key.
        dialect: the database's name, as SQLAlchemy knows it.
    """
    shape = shape_of(entity)
    where = f"table {table.name}"
    faults = [fault for field in shape.values() if (fault := _fault(field, table))]
    keys = [column.key for column in table.primary_key]
    if keys != [identity]:
        faults.append(f"its primary key is {', '.join(keys) or 'missing'}, and the identity is {identity}")
    faults += [
        f"{column.key} must have a value, and {entity.__qualname__} has none for it"
        for column in table.columns
        if column.key not in shape and not (column.nullable or column.server_default or column.default)
    ]
    findings = [
        Finding(f"{entity.__qualname__}: {fault}", where, "change the table or the entity.")
        for fault in faults
    ]
    exact = [table.c[name] for name, field in shape.items() if field.type is Decimal and name in table.c]
    lossy = [column for column in exact if dialect == "sqlite" and _loses_digits(column)]
    return findings + [_inexact(entity, column, where) for column in lossy]


def _columns(entity: type, identity: str) -> list[Column[Any]]:
    columns: list[Column[Any]] = []
    findings: list[Finding] = []
    for name, field in shape_of(entity).items():
        try:
            kind = column_type(field)
        except (ValueError, KeyError) as fault:
            findings.append(Finding(f"{entity.__qualname__}.{name}: {fault}", remedy="give it another type."))
            continue
        key = name == identity
        columns.append(
            Column(
                name,
                kind,
                primary_key=key,
                nullable=field.optional and not key,
                autoincrement=False if key else "auto",
            )
        )
    if findings:
        raise WiringError(*findings)
    return columns


def _fitted(column: Column[Any], field: FieldShape) -> ColumnElement[Any]:
    """Keeps what a plain type would lose on one of the databases; own types of the table stay."""
    if isinstance(column.type, TypeDecorator):
        return column
    if field.is_document:
        return type_coerce(column, column_type(field)) if isinstance(column.type, JSON) else column
    if issubclass(field.type, Enum):
        return column if isinstance(column.type, EnumType) else type_coerce(column, column_type(field))
    if field.type in _REPLACED and _python_type(column) is field.type:
        return type_coerce(column, column_type(field))
    return column


def _fault(field: FieldShape, table: Table) -> str | None:
    column = table.columns.get(field.name)
    if column is None:
        return f"there is no column {field.name}"
    if field.optional and not column.nullable:
        return f"{field.name} may be None, and its column may not be null"
    if column.nullable and not field.optional:
        return f"{field.name} is never None, and its column may be null: nullable=False"
    if isinstance(column.type, DateTime) and not column.type.timezone:
        return f"{field.name} has a zone, and its column has none: DateTime(timezone=True)"
    kind = _python_type(column)
    if kind is None or _holds(kind, field):
        return None
    return f"{field.name} is {field.type.__name__}, and its column holds {kind.__name__}"


def _loses_digits(column: Column[Any]) -> bool:
    kind = column.type.dialect_impl(sqlite.dialect())
    return isinstance(kind, Numeric) and (kind.precision is None or kind.precision > _EXACT_DIGITS)


def _inexact(entity: type, column: Column[Any], where: str) -> Finding:
    return Finding(
        f"{entity.__qualname__}: SQLite keeps {_EXACT_DIGITS} digits of {column.key} and no more",
        where,
        'add .with_variant(SqliteDecimal(), "sqlite") to its type, which fastapi_chassis.plugins.sqlalchemy '
        f"has, or give it at most {_EXACT_DIGITS} digits: Numeric(15, 4).",
    )


def _holds(kind: type, field: FieldShape) -> bool:
    if field.is_document:
        return kind in {dict, list, object}  # newer versions of SQLAlchemy say object of JSON
    if issubclass(field.type, Enum):
        return issubclass(kind, str | int | Enum)
    return kind is field.type


def _python_type(column: Column[Any]) -> type | None:
    if isinstance(column.type, TypeDecorator):
        return None
    try:
        return column.type.python_type
    except NotImplementedError:
        return None
