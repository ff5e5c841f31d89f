"""Dialects: what PostgreSQL and SQLite say differently, so that both give the same answers."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
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
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.schema import Column, Table
from sqlalchemy.sql import FromClause
from sqlalchemy.sql.elements import BindParameter, ColumnElement

from fastapi_chassis.application import matches
from fastapi_chassis.domain import Criterion, Lookup
from fastapi_chassis.plugins.sqlalchemy.columns import dump_json, moment_text, moment_type, span_type
from fastapi_chassis.plugins.sqlalchemy.compiled import CopyTarget, Row, Statement, copy_target

type Insert = postgresql.Insert | sqlite.Insert
type Parameters = Mapping[Column[Any], BindParameter[Any]]
type Alike = Mapping[Column[Any], ColumnElement[Any]]
DERIVED = "derived"  # where a metadata notes the tables that were made from entities
ESCAPE = "\\"
BULK = 10_000  # rows in one statement
_SCALARS = ["string", "number", "boolean"]
_FOLDING = "und-x-icu"  # lower-cases every script; the collation "C" knows ASCII only


@dataclass(frozen=True, slots=True)
class BulkWrite:
    """A statement that writes many rows.

    Args:
        statement: what is executed.
        names: its parameters.
        by_column: whether each parameter takes the values of all rows, so that it is one statement indeed.
        copy: where COPY would write the same rows, if it can.
    """

    statement: Statement
    names: tuple[str, ...]
    by_column: bool
    copy: CopyTarget | None = None

    def parameters(self, rows: Sequence[Row]) -> Iterator[Mapping[str, object]]:
        """Returns the parameters of each execution; a row's values stand in the order of the names."""
        if not self.by_column:
            return (dict(zip(self.names, row, strict=True)) for row in rows)
        parts = batched(rows, BULK)
        return (dict(zip(self.names, zip(*part, strict=True), strict=True)) for part in parts)

    def execute(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Writes the rows by SQLAlchemy."""
        if not self.by_column:
            connection.execute(self.statement.element, list(self.parameters(rows)))
            return
        for parameters in self.parameters(rows):
            connection.execute(self.statement.element, parameters)


def derived_from(table: FromClause) -> type | None:
    """Returns the entity that a table was made from; None if somebody wrote the table."""
    entity: type | None = (
        table.metadata.info.get(DERIVED, {}).get(table.name) if isinstance(table, Table) else None
    )
    return entity


class SqlDialect(ABC):
    """How one kind of database is asked."""

    name: str

    @property
    def driver(self) -> Dialect | None:
        """What compiles for the driver, where that is asked without SQLAlchemy in between."""
        return None

    @abstractmethod
    def insert(self, table: Table) -> Insert:
        """Begins an INSERT that can say what a conflict means."""

    def given(self, parameters: Collection[BindParameter[Any]]) -> FromClause | None:
        """Returns rows of which each parameter holds one column; None where there is no such thing."""
        del parameters
        return None

    def bulk_insert(self, table: Table, values: Parameters, alike: Alike | None = None) -> BulkWrite:
        """Makes the INSERT of many rows.

        Args:
            table: where they go.
            values: the parameters of one row.
            alike: what is the same in all of them.
        """
        statement = Statement(self.insert(table).values({**values, **(alike or {})}), self.driver)
        return BulkWrite(statement, _names(values), by_column=False)

    @abstractmethod
    def among(self, column: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
        """Whether a column equals one of a parameter's values."""

    def like(self, column: ColumnElement[Any], pattern: ColumnElement[str]) -> ColumnElement[bool]:
        """Whether text matches a pattern."""
        return column.like(pattern, escape=ESCAPE)

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


class AsyncpgDialect(PGDialect_asyncpg):
    """asyncpg's dialect without a connection that could tell it how the server reads a backslash."""

    _backslash_escapes = False  # the standard's way, and PostgreSQL's since 9.1


class PostgresDialect(SqlDialect):
    """PostgreSQL."""

    name = "postgresql"

    def __init__(self) -> None:
        self._driver: Dialect = AsyncpgDialect(json_serializer=dump_json)  # type: ignore[no-untyped-call]  # SQLAlchemy has no types there

    @property
    @override
    def driver(self) -> Dialect:
        return self._driver

    @override
    def insert(self, table: Table) -> Insert:
        return postgresql.insert(table)

    @override
    def given(self, parameters: Collection[BindParameter[Any]]) -> FromClause | None:
        if any(isinstance(one.type, ARRAY) for one in parameters):  # unnest would flatten them
            return None
        arrays = [bindparam(one.key, type_=ARRAY(one.type, dimensions=1)) for one in parameters]
        names = [one.key for one in parameters]
        return func.unnest(*arrays).table_valued(*names).render_derived(name="given")

    @override
    def bulk_insert(self, table: Table, values: Parameters, alike: Alike | None = None) -> BulkWrite:
        alike = alike or {}
        rows = self.given(values.values())
        if rows is None:
            return super().bulk_insert(table, values, alike)
        source = select(*rows.c, *alike.values())
        statement = Statement(self.insert(table).from_select([*values, *alike], source), self.driver)
        kinds = {column.key: value.type for column, value in values.items()}
        copy = None if alike else copy_target(table, kinds, self.driver)
        return BulkWrite(statement, _names(values), by_column=True, copy=copy)

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
        scalar = func.jsonb_typeof(found) == any_(literal(_SCALARS, ARRAY(Text())))
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
    def like(self, column: ColumnElement[Any], pattern: ColumnElement[str]) -> ColumnElement[bool]:
        # SQLite's own takes U+FFFD, U+FFFE and U+FFFF for one: what it finds is looked at again
        return super().like(column, pattern) & func.chassis_like(column, pattern, type_=Boolean())

    @override
    def among(self, column: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
        return column.in_(bindparam(parameter, type_=column.type, expanding=True))

    @override
    def ilike(self, column: ColumnElement[Any], pattern: ColumnElement[str]) -> ColumnElement[bool]:
        lower = func.chassis_lower
        return self.like(lower(column, type_=Text()), lower(pattern, type_=Text()))

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


def _like(text: str | None, pattern: str) -> bool:
    return matches(SimpleNamespace(text=text), (Criterion("text", Lookup.LIKE, pattern),))


def _now(microseconds: int) -> str:
    return moment_text(datetime.now(UTC) + timedelta(microseconds=microseconds))


def compare_decimals(one: str, other: str) -> int:
    """Compares two exact numbers that are written as text."""
    left, right = Decimal(one), Decimal(other)
    return (left > right) - (left < right)


# name, number of arguments, function, whether its answer depends on the arguments alone
SQLITE_FUNCTIONS: tuple[tuple[str, int, Callable[..., str | bool | None], bool], ...] = (
    ("chassis_lower", 1, _lower, True),
    ("chassis_like", 2, _like, True),
    ("chassis_json_equals", 3, _json_equals, True),
    ("chassis_json_contains", 3, _json_contains, True),
    ("chassis_now", 1, _now, False),
)
