"""Lookups: a criterion becomes a condition of MongoDB, and what that can't judge is left for Python."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from fastapi_chassis.application import Selection
from fastapi_chassis.domain import Criterion, Lookup, Order
from fastapi_chassis.plugins.odm.codec import ID, REST, THERE, Document, DocumentCodec, Parts
from fastapi_chassis.plugins.odm.patterns import PECULIAR, contains_lower, ilike, like

_NEGATIVE = {
    Lookup.NE: Lookup.EQ,
    Lookup.NOT_IN: Lookup.IN,
    Lookup.NOT_LIKE_ALL: Lookup.LIKE,
    Lookup.JSONB_NOT_LIKE: Lookup.JSONB_LIKE,
}
_NUMBERS = ["bool", "int", "long", "double", "decimal"]
_IN_NUMBERS = re.compile(r"[0-9.+\-e]*")
NOTHING: Document = {ID: {"$in": []}}
EVERYTHING: Document = {}
NULL_MARK = "_null_"


@dataclass(frozen=True, slots=True)
class Condition:
    """What the server is asked for one criterion.

    Args:
        filter: finds every match.
        doubt: finds those of which the server can't tell whether they match; None where there are none.
    """

    filter: Document
    doubt: Document | None = None

    def negated(self) -> "Condition":
        """Returns what finds all the others."""
        if self.doubt is None:
            return Condition({"$nor": [self.filter]})
        if self.doubt == EVERYTHING:
            return Condition(EVERYTHING, EVERYTHING)
        return Condition({"$or": [{"$nor": [self.filter]}, self.doubt]}, self.doubt)


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the server.

    Args:
        conditions: what must hold, all of it.
        rest: criteria that Python must ask once more of what the server finds.
        doubts: of which of these documents it must, any of them.
    """

    conditions: tuple[Document, ...] = ()
    rest: tuple[Criterion, ...] = ()
    doubts: tuple[Document, ...] = ()

    @property
    def filter(self) -> Document:
        """The conditions as one; what was removed is never found."""
        return {"$and": [THERE, *self.conditions]} if self.conditions else dict(THERE)

    @property
    def is_doubtful(self) -> bool:
        """Whether Python must look at everything that is found."""
        return EVERYTHING in self.doubts

    def but(self, *conditions: Document) -> "Question":
        """Adds conditions."""
        return Question((*self.conditions, *conditions), self.rest, self.doubts)

    def certain(self) -> "Question":
        """Asks only for what is certain to match."""
        return Question((*self.conditions, {"$nor": list(self.doubts)}))

    def doubtful(self) -> "Question":
        """Asks only for what Python must look at."""
        return self.but({"$or": list(self.doubts)})


class Questions:
    """Translates for one entity.

    Args:
        codec: knows where and how values lie.
    """

    def __init__(self, codec: DocumentCodec[Any]) -> None:
        self._codec = codec

    def of(self, criteria: Sequence[Criterion]) -> Question:
        """Translates criteria."""
        asked = [(one, self._condition(one)) for one in criteria]
        return Question(
            tuple(condition.filter for _, condition in asked if condition.filter),
            tuple(one for one, condition in asked if condition.doubt is not None),
            tuple(condition.doubt for _, condition in asked if condition.doubt is not None),
        )

    def of_selection(self, selection: Selection) -> Question:
        """Translates criteria, and the place behind which to begin where the server knows the order."""
        question = self.of(selection.criteria)
        if selection.after is None or not self.knows(selection.orders):
            return question
        return question.but(self._behind(selection.orders, selection.after))

    def knows(self, orders: Sequence[Order]) -> bool:
        """Whether MongoDB orders by these fields as Python does."""
        return all(self._codec.values[one.field].is_ordered for one in orders)

    def marks(self, orders: Sequence[Order]) -> Document:
        """Returns computed fields that tell nulls apart: MongoDB has them first, where they must be last."""
        optional = [one.field for one in orders if self._codec.shape[one.field].optional]
        return {
            f"{NULL_MARK}{name}": {"$cond": [_is_null(f"${self._codec.path(name)}"), 1, 0]}
            for name in optional
        }

    def sort(self, orders: Sequence[Order]) -> dict[str, int]:
        """Returns the order; it needs the fields of `marks`."""
        keys: dict[str, int] = {}
        for one in orders:
            way = -1 if one.descending else 1
            if self._codec.shape[one.field].optional:
                keys[f"{NULL_MARK}{one.field}"] = way
            keys[self._codec.path(one.field)] = way
            if self._codec.values[one.field].has_rest:
                keys[f"{REST}.{one.field}"] = way
        return keys

    def equal(self, name: str, value: object) -> Document:
        """Returns the condition that a field has a value."""
        return self._equals(name, self._codec.parts(name, value))

    def among(self, name: str, values: Sequence[object]) -> Document:
        """Returns the condition that a field has one of several values, none of them null."""
        parts = [self._codec.parts(name, value) for value in values]
        plain: Document = {self._codec.path(name): {"$in": [value for value, rest in parts if rest is None]}}
        if not self._codec.values[name].has_rest:
            return plain
        plain[f"{REST}.{name}"] = {"$exists": False}
        return _any_of([plain, *(self._equals(name, one) for one in parts if one[1] is not None)])

    def _condition(self, one: Criterion) -> Condition:
        if one.lookup in _NEGATIVE:
            return self._positive(_NEGATIVE[one.lookup], one).negated()
        return self._positive(one.lookup, one)

    def _positive(self, lookup: Lookup, one: Criterion) -> Condition:
        if one.path:
            return self._in_document(lookup, one)
        match lookup:
            case Lookup.IS_NULL:
                return Condition(self._null(one.field, is_null=bool(one.value)))
            case Lookup.EQ:
                return Condition(self.equal(one.field, one.value))
            case Lookup.IN:
                return Condition(self.among(one.field, _several(one)))
            case Lookup.LIKE | Lookup.ILIKE:
                return self._pattern(lookup, one)
        return self._range(lookup, one)

    def _pattern(self, lookup: Lookup, one: Criterion) -> Condition:
        path = self._codec.path(one.field)
        if lookup is Lookup.ILIKE:
            return _ilike(path, str(one.value))
        return _like(path, _several(one) if isinstance(one.value, tuple) else (one.value,))

    def _range(self, lookup: Lookup, one: Criterion) -> Condition:
        name = one.field
        if not self._codec.values[name].is_ordered:
            return Condition({self._codec.path(name): {"$ne": None}}, EVERYTHING)
        if lookup is not Lookup.BETWEEN:
            return Condition(self._compared(lookup, name, self._codec.parts(name, one.value)))
        low, high = (self._codec.parts(name, bound) for bound in _several(one))
        bounds = [self._compared(Lookup.GTE, name, low), self._compared(Lookup.LTE, name, high)]
        return Condition({"$and": bounds})

    def _null(self, name: str, *, is_null: bool) -> Document:
        path = self._codec.path(name)
        if self._codec.shape[name].is_document:  # in a list, MongoDB would look at what it holds
            null = {"$expr": _is_null(f"${path}")}
            return null if is_null else {"$nor": [null]}
        return {path: None} if is_null else {path: {"$ne": None}}

    def _equals(self, name: str, parts: Parts) -> Document:
        value, rest = parts
        if value is None:
            return self._null(name, is_null=True)
        condition: Document = {self._codec.path(name): {"$eq": value}}
        if self._codec.values[name].has_rest:
            condition[f"{REST}.{name}"] = {"$exists": False} if rest is None else {"$eq": rest}
        return condition

    def _compared(self, lookup: Lookup, name: str, parts: Parts) -> Document:
        """Compares value and rest one after the other; a rest that is missing is the least."""
        (value, rest), path, beside = parts, self._codec.path(name), f"{REST}.{name}"
        if not self._codec.values[name].has_rest:
            return {path: {f"${lookup}": value}}
        if rest is None and lookup in {Lookup.GTE, Lookup.LT}:
            return {path: {f"${lookup}": value}}
        missing = {beside: {"$exists": False}}
        if lookup in {Lookup.LT, Lookup.LTE}:
            before = [missing] if rest is None else [missing, {beside: {f"${lookup}": rest}}]
            return {"$or": [{path: {"$lt": value}}, {path: {"$eq": value}, "$or": before}]}
        further = {beside: {"$exists": True} if rest is None else {f"${lookup}": rest}}
        return {"$or": [{path: {"$gt": value}}, {path: {"$eq": value}, **further}]}

    def _behind(self, orders: Sequence[Order], after: Sequence[object]) -> Document:
        branches: list[Document] = []
        for end, order in enumerate(orders):
            further = self._further(order, after[end])
            if further is not None:
                equal = [
                    self.equal(one.field, value) for one, value in zip(orders[:end], after, strict=False)
                ]
                branches.append({"$and": [*equal, further]})
        return _any_of(branches)

    def _further(self, order: Order, place: object) -> Document | None:
        name = order.field
        if place is None:
            return self._null(name, is_null=False) if order.descending else None
        lookup = Lookup.LT if order.descending else Lookup.GT
        further = self._compared(lookup, name, self._codec.parts(name, place))
        if not self._codec.shape[name].optional or order.descending:
            return further
        return _any_of([further, self._null(name, is_null=True)])

    def _in_document(self, lookup: Lookup, one: Criterion) -> Condition:
        held: object = f"${self._codec.path(one.field)}"
        for key in one.path:  # a dotted path would look into lists, and break at dots and dollars
            held = {"$getField": {"field": {"$literal": key}, "input": held}}
        if lookup is Lookup.JSONB_LIKE:
            return _holding(held, str(one.value))
        if lookup is Lookup.IS_NULL or one.value is None:
            null = Condition({"$expr": _is_null(held)})
            return null if lookup is Lookup.EQ or one.value else null.negated()
        return Condition({"$expr": {"$eq": [held, {"$literal": one.value}]}})


def _holding(held: object, text: str) -> Condition:
    """Returns what finds a text in the value that an expression holds; the text of a number is Python's."""
    expression, may_meet = contains_lower(text)
    kind = {"$type": held}
    is_text: Document = {"$eq": [kind, "string"]}

    def matching(regex: str) -> Document:
        searched = {"$cond": [is_text, held, ""]}
        return {"$and": [is_text, {"$regexMatch": {"input": searched, "regex": regex, "options": "s"}}]}

    doubts: list[Document] = []
    if expression is None:
        doubts.append(is_text)
    elif may_meet:
        doubts.append(matching(PECULIAR))
    lowered = text.lower()
    if _IN_NUMBERS.fullmatch(lowered) or lowered in "true" or lowered in "false":
        doubts.append({"$in": [kind, _NUMBERS]})
    found = [*doubts] if expression is None else [matching(expression), *doubts]
    doubt = {"$expr": {"$or": doubts}} if doubts else None
    return Condition({"$expr": {"$or": found}}, doubt)


def _like(path: str, patterns: Sequence[object]) -> Condition:
    expressions = [like(str(one)) for one in patterns]
    known = [_regex(path, one) for one in expressions if one is not None]
    if len(known) == len(expressions):
        return Condition(_any_of(known))
    return Condition({path: {"$type": "string"}}, EVERYTHING)


def _ilike(path: str, pattern: str) -> Condition:
    expression, may_meet = ilike(pattern)
    if expression is None:
        return Condition({path: {"$type": "string"}}, EVERYTHING)
    if not may_meet:
        return Condition(_regex(path, expression))
    peculiar = _regex(path, PECULIAR)
    return Condition({"$or": [_regex(path, expression), peculiar]}, peculiar)


def _regex(path: str, expression: str) -> Document:
    return {path: {"$regex": expression, "$options": "s"}}


def _any_of(conditions: Sequence[Document]) -> Document:
    if not conditions:
        return NOTHING
    return conditions[0] if len(conditions) == 1 else {"$or": list(conditions)}


def _is_null(held: object) -> Document:
    return {"$eq": [{"$ifNull": [held, None]}, None]}


def _several(criterion: Criterion) -> tuple[object, ...]:
    return cast("tuple[object, ...]", criterion.value)
