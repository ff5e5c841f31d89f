"""Lookups: a criterion becomes a condition of SQL, and its value a parameter."""

import json
from collections.abc import Callable, Mapping, Sequence
from operator import eq, ge, gt, le, lt
from typing import Any

from sqlalchemy import Text, and_, bindparam, false, not_, or_, tuple_, type_coerce
from sqlalchemy.sql.elements import ColumnElement

from fastapi_chassis.domain import Criterion, FieldShape, Lookup, Order
from fastapi_chassis.plugins.sqlalchemy.dialects import SqlDialect

_COMPARISONS: dict[Lookup, Callable[[Any, Any], ColumnElement[bool]]] = {
    Lookup.GT: gt,
    Lookup.GTE: ge,
    Lookup.LT: lt,
    Lookup.LTE: le,
    Lookup.EQ: eq,
    Lookup.NE: eq,
}
_NEGATIVE = {Lookup.NE, Lookup.NOT_IN, Lookup.NOT_LIKE_ALL}


class Conditions:
    """Makes conditions on the columns of one table; the values stay parameters.

    Args:
        columns: by field.
        shape: the entity's fields.
        dialect: how the database is asked.
    """

    def __init__(
        self, columns: Mapping[str, ColumnElement[Any]], shape: Mapping[str, FieldShape], dialect: SqlDialect
    ) -> None:
        self._columns = columns
        self._shape = shape
        self._dialect = dialect

    def where(self, criteria: Sequence[Criterion]) -> list[ColumnElement[bool]]:
        """Returns what must hold; criterion number n has parameters named `p{n}`."""
        return [self._condition(one, f"p{position}") for position, one in enumerate(criteria)]

    def order(self, orders: Sequence[Order]) -> list[ColumnElement[Any]]:
        """Returns the order; nulls stand last, and first where a term is descending."""
        terms: list[ColumnElement[Any]] = []
        for one in orders:
            column = self._columns[one.field]
            term = column.desc() if one.descending else column.asc()
            if self._shape[one.field].optional and self._dialect.name != "postgresql":
                term = term.nulls_first() if one.descending else term.nulls_last()
            terms.append(term)
        return terms

    def behind(self, orders: Sequence[Order], nulls: Sequence[bool]) -> ColumnElement[bool]:
        """Returns what holds for rows behind a place in the order, whose values are parameters `a{n}`.

        Args:
            orders: the order.
            nulls: which of the place's values are null.
        """
        columns = [self._columns[one.field] for one in orders]
        places = [bindparam(f"a{n}", type_=column.type) for n, column in enumerate(columns)]
        one_way = len({one.descending for one in orders}) == 1
        if one_way and not any(self._shape[one.field].optional for one in orders):
            left, right = tuple_(*columns), tuple_(*places)
            return left < right if orders[0].descending else left > right
        branches = []
        for end, order in enumerate(orders):
            equal = [
                column.is_(None) if null else column == place
                for column, place, null in zip(columns[:end], places, nulls, strict=False)
            ]
            further = self._further(order, columns[end], places[end], is_null=nulls[end])
            branches.append(and_(*equal, further))
        return or_(*branches)

    def _further(
        self, order: Order, column: ColumnElement[Any], place: ColumnElement[Any], *, is_null: bool
    ) -> ColumnElement[bool]:
        if order.descending:
            return column.is_not(None) if is_null else column < place
        if is_null:
            return false()
        return or_(column > place, column.is_(None)) if self._shape[order.field].optional else column > place

    def _condition(self, criterion: Criterion, name: str) -> ColumnElement[bool]:
        column, lookup = self._columns[criterion.field], criterion.lookup
        if criterion.path:
            return self._in_document(criterion, column, name)
        if lookup is Lookup.IS_NULL or criterion.value is None:
            is_null = lookup is Lookup.EQ or (lookup is Lookup.IS_NULL and criterion.value)
            return column.is_(None) if is_null else column.is_not(None)
        met = self._met(criterion, column, name)
        if lookup not in _NEGATIVE:
            return met
        # a complement: what is null is found as well
        return or_(column.is_(None), not_(met)) if self._shape[criterion.field].optional else not_(met)

    def _met(self, criterion: Criterion, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """Returns what a lookup asks for; of a negative one, what it excludes."""
        match criterion.lookup:
            case Lookup.IN | Lookup.NOT_IN:
                return self._dialect.among(column, name)
            case Lookup.BETWEEN:
                low, high = (bindparam(f"{name}_{end}", type_=column.type) for end in range(2))
                return and_(column >= low, column <= high)  # PostgreSQL's BETWEEN takes no COLLATE
            case Lookup.LIKE:
                return self._like(column, name)
            case Lookup.ILIKE:
                return self._dialect.ilike(_text(column), bindparam(name, type_=Text()))
            case Lookup.NOT_LIKE_ALL:
                patterns = range(len(_several(criterion)))
                return or_(false(), *(self._like(column, f"{name}_{pattern}") for pattern in patterns))
        return _COMPARISONS[criterion.lookup](column, bindparam(name, type_=column.type))

    def _like(self, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        return self._dialect.like(_text(column), bindparam(name, type_=Text()))

    def _in_document(
        self, criterion: Criterion, column: ColumnElement[Any], name: str
    ) -> ColumnElement[bool]:
        match criterion.lookup:
            case Lookup.JSONB_LIKE:
                return self._dialect.json_contains(column, criterion.path, name)
            case Lookup.JSONB_NOT_LIKE:
                return not_(self._dialect.json_contains(column, criterion.path, name))
        equals = self._dialect.json_equals(column, criterion.path, name)
        positive = criterion.lookup is Lookup.EQ or (criterion.lookup is Lookup.IS_NULL and criterion.value)
        return equals if positive else not_(equals)


def shape_key(criterion: Criterion) -> tuple[object, ...]:
    """Tells apart the criteria that need different SQL; those that differ in values only are alike."""
    if criterion.lookup is Lookup.NOT_LIKE_ALL:
        detail: object = len(_several(criterion))
    elif criterion.lookup is Lookup.IS_NULL:
        detail = criterion.value
    else:
        detail = criterion.value is None
    return criterion.field, criterion.lookup, criterion.path, detail


def parameters_of(criteria: Sequence[Criterion]) -> dict[str, object]:
    """Returns the values of the parameters that `Conditions.where` named."""
    parameters: dict[str, object] = {}
    for position, criterion in enumerate(criteria):
        _fill(parameters, f"p{position}", criterion)
    return parameters


def _fill(parameters: dict[str, object], name: str, criterion: Criterion) -> None:
    value, lookup = criterion.value, criterion.lookup
    if lookup in {Lookup.JSONB_LIKE, Lookup.JSONB_NOT_LIKE}:
        parameters[name] = value
    elif criterion.path:
        parameters[name] = json.dumps(None if lookup is Lookup.IS_NULL else value, ensure_ascii=False)
    elif lookup in {Lookup.LIKE, Lookup.ILIKE}:
        parameters[name] = value
    elif lookup is Lookup.NOT_LIKE_ALL:
        for position, pattern in enumerate(_several(criterion)):
            parameters[f"{name}_{position}"] = pattern
    elif lookup is Lookup.BETWEEN:
        parameters[f"{name}_0"], parameters[f"{name}_1"] = _several(criterion)
    elif lookup in {Lookup.IN, Lookup.NOT_IN}:
        parameters[name] = list(_several(criterion))
    elif lookup is not Lookup.IS_NULL and value is not None:
        parameters[name] = value


def _several(criterion: Criterion) -> tuple[object, ...]:
    assert isinstance(criterion.value, tuple)
    return criterion.value


def _text(column: ColumnElement[Any]) -> ColumnElement[str]:
    return column if isinstance(column.type, Text) else type_coerce(column, Text())
