"""Statements: the SQL of one repository, each built once for each shape of question."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, literal, select, update
from sqlalchemy.sql.elements import BindParameter, ColumnElement

from fastapi_chassis.application import Selection
from fastapi_chassis.domain import Criterion, shape_of
from fastapi_chassis.plugins.sqlalchemy.compiled import Statement
from fastapi_chassis.plugins.sqlalchemy.dialects import BulkWrite, Parameters, SqlDialect
from fastapi_chassis.plugins.sqlalchemy.lookups import Conditions, parameters_of, shape_key
from fastapi_chassis.plugins.sqlalchemy.rows import VALUE
from fastapi_chassis.plugins.sqlalchemy.tables import fields_of

type Question = tuple[Statement, dict[str, object]]

SHAPES = 512  # a query string decides what is asked, so what is remembered is bounded
VERSION = "version"
SEEN = "seen"


class Statements:
    """The SQL of one entity in one table.

    Args:
        entity: the class.
        table: where it lies.
        identity: the field that is the primary key.
        dialect: how the database is asked.
    """

    def __init__(self, entity: type, table: Table, identity: str, dialect: SqlDialect) -> None:
        self._table = table
        self._dialect = dialect
        self._columns = fields_of(entity, table)
        self._conditions = Conditions(self._columns, shape_of(entity), dialect)
        self._asked: OrderedDict[object, Statement] = OrderedDict()
        self._identity = identity
        self._is_key = self._is(identity, "key")
        self._has_version = VERSION in self._columns
        values = {table.c[name]: self._value(name) for name in self._columns}
        version = self._columns[VERSION] if self._has_version else literal(0)
        self.get = self._statement(select(*self._columns.values()).where(self._is_key))
        self.version = self._statement(select(version).where(self._is_key))
        insert = dialect.insert(table).values(values)
        self.bulk_insert = dialect.bulk_insert(table, values)
        self.insert_if_free = self._statement(insert.on_conflict_do_nothing())
        self.update = self._statement(
            self._of_seen(update(table).where(self._is(identity, f"{VALUE}{identity}")).values(self._changed))
        )
        self.bulk_update = self._bulk_update(values)
        self.remove = self._statement(self._of_seen(delete(table).where(self._is_key)))
        self.upsert = self._statement(self._upsert(insert))
        key = self._columns[identity]
        held = select(key, version).where(dialect.among(key, "keys")).order_by(key).with_for_update()
        self.hold = self._statement(held)

    def select(self, selection: Selection) -> Question:
        """Returns the statement and the parameters of a question for rows."""
        nulls = None if selection.after is None else tuple(value is None for value in selection.after)
        limited, moved = selection.limit is not None, selection.offset > 0
        shape = (selection.orders, _shape(selection.criteria), nulls, limited, moved)
        statement = self._built(shape, lambda: self._select(selection, nulls))
        parameters = parameters_of(selection.criteria)
        if limited:
            parameters["limit"] = selection.limit
        if moved:
            parameters["offset"] = selection.offset
        for position, value in enumerate(selection.after or ()):
            parameters[f"a{position}"] = value
        return statement, parameters

    def count(self, criteria: Sequence[Criterion]) -> Question:
        """Returns the question how many rows match."""
        counted = select(func.count()).select_from(self._table)
        return self._asking("count", criteria, counted.where)

    def exists(self, criteria: Sequence[Criterion]) -> Question:
        """Returns the question whether a row matches."""
        return self._asking("exists", criteria, select(literal(1)).select_from(self._table).limit(1).where)

    def delete(self, criteria: Sequence[Criterion]) -> Question:
        """Returns the order to remove what matches."""
        return self._asking("delete", criteria, delete(self._table).where)

    def taken(self, names: Sequence[str]) -> Statement:
        """Returns the question whether a group of unique values is taken by another row."""
        wanted = [self._is(name, f"{VALUE}{name}") for name in names]
        return self._statement(select(literal(1)).select_from(self._table).where(*wanted).limit(1))

    def _statement(self, element: Any) -> Statement:
        return Statement(element, self._dialect.driver)

    def _select(self, selection: Selection, nulls: tuple[bool, ...] | None) -> Any:
        statement = select(*self._columns.values()).where(*self._conditions.where(selection.criteria))
        if nulls is not None:
            statement = statement.where(self._conditions.behind(selection.orders, nulls))
        statement = statement.order_by(*self._conditions.order(selection.orders))
        if selection.limit is not None:
            statement = statement.limit(bindparam("limit"))
        elif selection.offset and self._dialect.name == "sqlite":
            statement = statement.limit(-1)
        return statement.offset(bindparam("offset")) if selection.offset else statement

    def _asking(self, verb: str, criteria: Sequence[Criterion], where: Callable[..., Any]) -> Question:
        shape = (verb, _shape(criteria))
        statement = self._built(shape, lambda: where(*self._conditions.where(criteria)))
        return statement, parameters_of(criteria)

    def _built(self, shape: object, build: Callable[[], Any]) -> Statement:
        found = self._asked.get(shape)
        if found is None:
            found = self._asked[shape] = self._statement(build())
            if len(self._asked) > SHAPES:
                self._asked.popitem(last=False)
        else:
            self._asked.move_to_end(shape)
        return found

    def _is(self, name: str, parameter: str) -> ColumnElement[bool]:
        column = self._columns[name]
        return column == bindparam(parameter, type_=column.type)

    def _value(self, name: str) -> BindParameter[Any]:
        return bindparam(f"{VALUE}{name}", type_=self._columns[name].type)

    @property
    def _changed(self) -> dict[Any, Any]:
        return {self._table.c[name]: self._value(name) for name in self._columns if name != self._identity}

    def _of_seen(self, statement: Any) -> Any:
        return statement.where(self._is(VERSION, SEEN)) if self._has_version else statement

    def _upsert(self, insert: Any) -> Any:
        changed: dict[str, Any] = {
            name: insert.excluded[name] for name in self._columns if name != self._identity
        }
        if not self._has_version:
            return insert.on_conflict_do_update(index_elements=[self._identity], set_=changed)
        changed[VERSION] = self._table.c[VERSION] + 1
        statement = insert.on_conflict_do_update(index_elements=[self._identity], set_=changed)
        return statement.returning(self._table.c[VERSION])

    def _bulk_update(self, values: Parameters) -> BulkWrite:
        """Makes the UPDATE of many rows; a row's values are followed by the version that was seen."""
        table, identity = self._table, self._identity
        parameters = list(values.values())
        if self._has_version:
            parameters.append(bindparam(SEEN, type_=self._columns[VERSION].type))
        names = tuple(one.key for one in parameters)
        rows = self._dialect.given(parameters)
        if rows is None:
            return BulkWrite(self.update, names, by_column=False)
        changed = {table.c[name]: rows.c[f"{VALUE}{name}"] for name in self._columns if name != identity}
        statement = update(table).where(table.c[identity] == rows.c[f"{VALUE}{identity}"]).values(changed)
        if self._has_version:
            statement = statement.where(table.c[VERSION] == rows.c[SEEN])
        return BulkWrite(self._statement(statement), names, by_column=True)


def _shape(criteria: Sequence[Criterion]) -> tuple[object, ...]:
    return tuple(map(shape_key, criteria))
