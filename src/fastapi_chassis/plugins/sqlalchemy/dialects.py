"""Dialects: what PostgreSQL and SQLite say differently, so that both give the same answers."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import batched
from types import SimpleNamespace
from typing import Any, override

from sqlalchemy import (
    ARRAY,
    Boolean,
    Text,
    any_,
    bindparam,
    cast,
    false,
    func,
    literal,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.schema import Column, Table
from sqlalchemy.sql import FromClause
from sqlalchemy.sql.elements import BindParameter, ColumnElement

from fastapi_chassis.application import matches
from fastapi_chassis.domain import Criterion, Lookup
from fastapi_chassis.plugins.sqlalchemy.columns import moment_text, moment_type, span_type

type Insert = postgresql.Insert | sqlite.Insert
type Parameters = Mapping[Column[Any], BindParameter[Any]]
type Alike = Mapping[Column[Any], ColumnElement[Any]]
DERIVED = "derived"  # where a metadata notes the tables that were made from entities
ESCAPE = "\\"
BULK = 10_000  # rows in one statement
_FOLDING = "und-x-icu"  # lower-cases every script; the collation "C" knows ASCII only


@dataclass(frozen=True, slots=True)
class BulkInsert:
    """An INSERT of many rows.

    Args:
        statement: the INSERT.
        names: its parameters.
        by_column: whether each parameter takes the values of all rows, so that it is one statement indeed.
    """

    statement: Insert
    names: tuple[str, ...]
    by_column: bool

    def execute(self, connection: Connection, rows: Sequence[tuple[object, ...]]) -> None:
        """Writes the rows, whose values stand in the order of the names."""
        if not self.by_column:
            connection.execute(self.statement, [dict(zip(self.names, row, strict=True)) for row in rows])
            return
        for part in batched(rows, BULK):
            connection.execute(self.statement, dict(zip(self.names, zip(*part, strict=True), strict=True)))


def derived_from(table: FromClause) -> type | None:
    """Returns the entity that a table was made from; None if somebody wrote the table."""
    entity: type | None = (
        table.metadata.info.get(DERIVED, {}).get(table.name) if isinstance(table, Table) else None
    )
    return entity


class SqlDialect(ABC):
    """How one kind of database is asked."""

    name: str

    @abstractmethod
    def insert(self, table: Table) -> Insert:
        """Begins an INSERT that can say what a conflict means."""

    def bulk_insert(self, table: Table, values: Parameters, alike: Alike | None = None) -> BulkInsert:
        """Makes the INSERT of many rows.

        Args:
            table: where they go.
            values: the parameters of one row.
            alike: what is the same in all of them.
        """
        statement = self.insert(table).values({**values, **(alike or {})})
        return BulkInsert(statement, _names(values), by_column=False)

    @abstractmethod
    def among(self, column: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
        """Whether a column equals one of a parameter's values."""

    @abstractmethod
    def ilike(self, column: ColumnElement[Any], pattern: ColumnElement[str]) -> ColumnElement[bool]:
        """Whether text matches a pattern, whatever its case."""

    @abstractmethod
    def json_equals(self, column: ColumnElement[Any], path: Sequence[str], value: str) -> ColumnElement[bool]:
        """Whether the value at a path equals a parameter that holds JSON; what is missing equals null."""

    @abstractmethod
    def json_contains(
        self, column: ColumnElement[Any], path: Sequence[str], text: str
    ) -> ColumnElement[bool]:
        """Whether the value at a path, shown as text, contains a parameter's text; never null."""

    @abstractmethod
    def now(self) -> ColumnElement[datetime]:
        """The time on the database's clock."""

    @abstractmethod
    def from_now(self, span: str) -> ColumnElement[datetime]:
        """The time on the database's clock, moved by a parameter's span."""


class PostgresDialect(SqlDialect):
    """PostgreSQL."""

    name = "postgresql"

    @override
    def insert(self, table: Table) -> Insert:
        return postgresql.insert(table)

    @override
    def bulk_insert(self, table: Table, values: Parameters, alike: Alike | None = None) -> BulkInsert:
        alike = alike or {}
        if any(isinstance(value.type, ARRAY) for value in values.values()):  # unnest would flatten them
            return super().bulk_insert(table, values, alike)
        names = _names(values)
        arrays = [bindparam(value.key, type_=ARRAY(value.type, dimensions=1)) for value in values.values()]
        rows = func.unnest(*arrays).table_valued(*names).render_derived(name="given")
        source = select(*rows.c, *alike.values())
        return BulkInsert(self.insert(table).from_select([*values, *alike], source), names, by_column=True)

    @override
    def among(self, column: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
        # one parameter whatever the number of values, so one prepared statement
        return column == any_(bindparam(parameter, type_=ARRAY(column.type, dimensions=1)))

    @override
    def ilike(self, column: ColumnElement[Any], pattern: ColumnElement[str]) -> ColumnElement[bool]:
        derived = isinstance(column, Column) and derived_from(column.table) is not None
        return (column.collate(_FOLDING) if derived else column).ilike(pattern, escape=ESCAPE)

    @override
    def json_equals(self, column: ColumnElement[Any], path: Sequence[str], value: str) -> ColumnElement[bool]:
        found = func.coalesce(_at(column, path), cast(literal("null", Text()), postgresql.JSONB))
        return found == cast(bindparam(value, type_=Text()), postgresql.JSONB)

    @override
    def json_contains(
        self, column: ColumnElement[Any], path: Sequence[str], text: str
    ) -> ColumnElement[bool]:
        found = _at(column, path)
        shown = found.op("#>>", return_type=Text())(cast(literal("{}", Text()), postgresql.ARRAY(Text())))
        wanted = func.lower(bindparam(text, type_=Text()).collate(_FOLDING))
        contained = func.strpos(func.lower(shown.collate(_FOLDING)), wanted) > 0
        scalar = func.jsonb_typeof(found).in_(("string", "number", "boolean"))
        return func.coalesce(scalar & contained, false())

    @override
    def now(self) -> ColumnElement[datetime]:
        return func.statement_timestamp(type_=moment_type())

    @override
    def from_now(self, span: str) -> ColumnElement[datetime]:
        return self.now() + bindparam(span, type_=span_type())


def _names(values: Parameters) -> tuple[str, ...]:
    return tuple(value.key for value in values.values())


def _at(column: ColumnElement[Any], path: Sequence[str]) -> ColumnElement[Any]:
    found: ColumnElement[Any] = cast(column, postgresql.JSONB)
    for key in path:
        found = found.op("->", return_type=postgresql.JSONB())(literal(key, Text()))
    return found


class SqliteDialect(SqlDialect):
    """SQLite; `sqlite_functions` must be known to its connections."""

    name = "sqlite"

    @override
    def insert(self, table: Table) -> Insert:
        return sqlite.insert(table)

    @override
    def among(self, column: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
        return column.in_(bindparam(parameter, type_=column.type, expanding=True))

    @override
    def ilike(self, column: ColumnElement[Any], pattern: ColumnElement[str]) -> ColumnElement[bool]:
        return func.chassis_lower(column, type_=Text()).like(func.chassis_lower(pattern), escape=ESCAPE)

    @override
    def json_equals(self, column: ColumnElement[Any], path: Sequence[str], value: str) -> ColumnElement[bool]:
        return func.chassis_json_equals(
            type_coerce(column, Text()), json.dumps(path), bindparam(value, type_=Text()), type_=Boolean()
        ).is_(true())

    @override
    def json_contains(
        self, column: ColumnElement[Any], path: Sequence[str], text: str
    ) -> ColumnElement[bool]:
        return func.chassis_json_contains(
            type_coerce(column, Text()), json.dumps(path), bindparam(text, type_=Text()), type_=Boolean()
        ).is_(true())

    @override
    def now(self) -> ColumnElement[datetime]:
        # the database's clock is this machine's; a connection that others made knows no function of ours
        return bindparam(None, callable_=lambda: datetime.now(UTC), type_=moment_type())

    @override
    def from_now(self, span: str) -> ColumnElement[datetime]:
        return func.chassis_now(bindparam(span, type_=span_type()), type_=moment_type())


DIALECTS: dict[str, SqlDialect] = {"postgresql": PostgresDialect(), "sqlite": SqliteDialect()}


def _json_equals(document: str | None, path: str, value: str) -> bool:
    return _asked(document, path, Lookup.EQ, json.loads(value))


def _json_contains(document: str | None, path: str, text: str) -> bool:
    return _asked(document, path, Lookup.JSONB_LIKE, text)


def _asked(document: str | None, path: str, lookup: Lookup, value: object) -> bool:
    row = SimpleNamespace(document=None if document is None else json.loads(document))
    return matches(row, (Criterion("document", lookup, value, tuple(json.loads(path))),))


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _now(microseconds: int) -> str:
    return moment_text(datetime.now(UTC) + timedelta(microseconds=microseconds))


def compare_decimals(one: str, other: str) -> int:
    """Compares two exact numbers that are written as text."""
    left, right = Decimal(one), Decimal(other)
    return (left > right) - (left < right)


# name, number of arguments, function, whether its answer depends on the arguments alone
SQLITE_FUNCTIONS: tuple[tuple[str, int, Callable[..., str | bool | None], bool], ...] = (
    ("chassis_lower", 1, _lower, True),
    ("chassis_json_equals", 3, _json_equals, True),
    ("chassis_json_contains", 3, _json_contains, True),
    ("chassis_now", 1, _now, False),
)
