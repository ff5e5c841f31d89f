"""Lookups: `price__gte=5` becomes a Criterion; the one filter language of every store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fastapi_chassis.domain.exceptions import ValidationException
from fastapi_chassis.domain.record import FieldShape, shape_of
from fastapi_chassis.domain.values import problem_with

MAX_FILTERS = 50
MAX_CHARACTERS = 5_000
MAX_ITEMS = 500
MAX_DEPTH = 10
MAX_PAGE = 1_000
MAX_SHOWN = 100


class Lookup(StrEnum):
    """What may be asked of a field; the same answer on every store.

    `like` and `not_like_all` tell case apart, `ilike` compares both in lower case; in their patterns `%`
    stands for any run of characters, `_` for one, and a backslash takes the meaning away. `jsonb_like` finds
    literal text inside the value at a path, in lower case too. The negative lookups are true complements:
    they find nulls too.
    """

    EQ = "e"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    NOT_IN = "not_in"
    LIKE = "like"
    ILIKE = "ilike"
    NOT_LIKE_ALL = "not_like_all"
    IS_NULL = "is_null"
    BETWEEN = "between"
    JSONB_LIKE = "jsonb_like"
    JSONB_NOT_LIKE = "jsonb_not_like"


_PATTERN = frozenset({Lookup.LIKE, Lookup.ILIKE, Lookup.JSONB_LIKE, Lookup.JSONB_NOT_LIKE})
_IN_DOCUMENT = frozenset({Lookup.JSONB_LIKE, Lookup.JSONB_NOT_LIKE, Lookup.IS_NULL, Lookup.EQ, Lookup.NE})
_TEXT = frozenset({Lookup.LIKE, Lookup.ILIKE, Lookup.NOT_LIKE_ALL})
_LISTS = frozenset({Lookup.IN, Lookup.NOT_IN, Lookup.NOT_LIKE_ALL})


@dataclass(frozen=True, slots=True)
class Criterion:
    """One condition on one field.

    Args:
        field: the field's name.
        lookup: what is asked.
        value: the checked value; a tuple for lookups that take several.
        path: keys inside the field, where it holds a document.
    """

    field: str
    lookup: Lookup
    value: object
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """One term of an order."""

    field: str
    descending: bool = False


def contains(text: str) -> str:
    """Makes the pattern for `like` and `ilike` that finds this very text anywhere."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def lookups_of(field: FieldShape, *, inside: bool = False) -> frozenset[Lookup]:
    """Returns what may be asked of a field.

    Args:
        field: as `shape_of` describes it.
        inside: whether a key inside the document that it holds is meant.
    """
    if inside:
        return _IN_DOCUMENT if field.is_document else frozenset()
    if field.is_document:
        return frozenset({Lookup.IS_NULL, Lookup.EQ, Lookup.NE} if field.optional else {Lookup.IS_NULL})
    scalar = frozenset(Lookup) - {Lookup.JSONB_LIKE, Lookup.JSONB_NOT_LIKE}
    return scalar if issubclass(field.type, str) else scalar - _TEXT


def criteria_for(entity: type, filters: Mapping[str, object]) -> tuple[Criterion, ...]:
    """Reads `{"price__gte": 5}` against an entity's fields.

    Raises:
        ValidationException: an unknown field or lookup, a value of another type, or too much of either;
            every fault is named, before any query is made.
    """
    if len(filters) > MAX_FILTERS:
        message = f"at most {MAX_FILTERS} filters, got {len(filters)}"
        raise ValidationException(message, error_code="INVALID_FILTER")
    shape = shape_of(entity)
    errors: dict[str, list[str]] = {}
    criteria: list[Criterion] = []
    for key, value in filters.items():
        try:
            criteria.append(_criterion(shape, key, value))
        except ValueError as fault:
            errors[_shown(key)] = [str(fault)]
    if errors:
        raise ValidationException("the filter is not valid", errors=errors, error_code="INVALID_FILTER")
    return tuple(criteria)


def order_for(entity: type, terms: Sequence[str], *, tie_break: str) -> tuple[Order, ...]:
    """Reads `("-created_at", "name")` and adds the tie-break, so that the order is total.

    Raises:
        ValidationException: a field that is unknown, holds a document, or stands twice.
    """
    shape = shape_of(entity)
    orders: list[Order] = []
    errors: dict[str, list[str]] = {}
    for term in (terms,) if isinstance(terms, str) else terms:
        name = str(term).removeprefix("-")
        if name not in shape:
            errors[_shown(str(term))] = [f"unknown field {_shown(name)!r}; known: {', '.join(shape)}"]
        elif shape[name].is_document:
            errors[term] = [f"{name} holds a document, which has no order"]
        elif any(order.field == name for order in orders):
            errors[term] = [f"{name} stands in the order twice"]
        else:
            orders.append(Order(name, term.startswith("-")))
    if errors:
        raise ValidationException("the order is not valid", errors=errors, error_code="INVALID_ORDER")
    if all(order.field != tie_break for order in orders):
        orders.append(Order(tie_break, orders[-1].descending if orders else False))
    return tuple(orders)


def _shown(text: str) -> str:
    """Returns what may be told of text that a caller has sent: not too much, and nothing JSON can't hold."""
    return text[:MAX_SHOWN].encode(errors="backslashreplace").decode()


def _criterion(shape: Mapping[str, FieldShape], key: str, value: object) -> Criterion:
    name, *rest = key.split("__")
    if name not in shape:
        raise ValueError(f"unknown field {_shown(name)!r}; known: {', '.join(shape)}")
    field = shape[name]
    lookup = Lookup.EQ
    if rest and rest[-1] in Lookup:
        lookup = Lookup(rest.pop())
    if not rest:
        return Criterion(name, lookup, _checked(field, lookup, value))
    if not field.is_document:
        raise ValueError(f"unknown lookup {_shown('__'.join(rest))!r}; known: {', '.join(Lookup)}")
    if len(rest) > MAX_DEPTH:
        raise ValueError(f"at most {MAX_DEPTH} keys deep")
    for step in rest:
        if not step:
            raise ValueError("a key of the path is empty")
        _expect(str, step)
    if lookup not in _IN_DOCUMENT:
        offered = ", ".join(sorted(_IN_DOCUMENT))
        raise ValueError(f"{lookup} is not offered inside a document; offered: {offered}")
    return Criterion(name, lookup, _document_value(lookup, value), tuple(rest))


def _checked(field: FieldShape, lookup: Lookup, value: object) -> object:
    if lookup is Lookup.IS_NULL:
        return _expect(bool, value)
    if field.is_document:
        return _whole_document(field, lookup, value)
    if lookup in _PATTERN:
        return _pattern(field, lookup, value)
    if lookup is Lookup.NOT_LIKE_ALL:
        return tuple(_pattern(field, lookup, item) for item in _several(value))
    return _scalar(field, lookup, value)


def _scalar(field: FieldShape, lookup: Lookup, value: object) -> object:
    if lookup in _LISTS:
        return tuple(_expect(field.type, item) for item in _several(value))
    if lookup is Lookup.BETWEEN:
        pair = _several(value)
        if len(pair) != 2:
            raise ValueError("between takes two values")
        return tuple(_expect(field.type, item) for item in pair)
    if value is not None:
        return _expect(field.type, value)
    if lookup not in {Lookup.EQ, Lookup.NE}:
        raise ValueError(f"{lookup} takes no null")
    if not field.optional:
        raise ValueError("this field is never null")
    return None


def _pattern(field: FieldShape, lookup: Lookup, value: object) -> object:
    if lookup in _IN_DOCUMENT or not issubclass(field.type, str):
        wanted = "a document" if lookup in _IN_DOCUMENT else "text"
        raise ValueError(f"{lookup} is asked of {wanted}; {field.name} is {field.type.__name__}")
    pattern = str(_expect(str, value))
    if (len(pattern) - len(pattern.rstrip("\\"))) % 2:
        raise ValueError("a pattern must not end with a single backslash: write two")
    return pattern


def _whole_document(field: FieldShape, lookup: Lookup, value: object) -> object:
    if lookup in {Lookup.EQ, Lookup.NE} and value is None and field.optional:
        return None
    raise ValueError(
        f"{field.name} holds a document: ask a key of it, {field.name}__key__{Lookup.JSONB_LIKE}"
    )


def _document_value(lookup: Lookup, value: object) -> object:
    if lookup is Lookup.IS_NULL:
        return _expect(bool, value)
    if lookup in _PATTERN:
        return _expect(str, value)
    if value is None or isinstance(value, bool | int | float):
        return None if value is None else _expect(object, value)
    return _expect(str, value)


def _expect(wanted: type, value: object) -> object:
    if isinstance(value, str) and len(value) > MAX_CHARACTERS:
        raise ValueError(f"at most {MAX_CHARACTERS} characters, got {len(value)}")
    problem = problem_with(wanted, value)
    if problem:
        raise ValueError(problem)
    return value


def _several(value: object) -> tuple[object, ...]:
    if isinstance(value, str | bytes) or not isinstance(value, Sequence | set | frozenset):
        raise ValueError("expected several values")  # noqa: TRY004 - collected as a finding
    if len(value) > MAX_ITEMS:
        raise ValueError(f"at most {MAX_ITEMS} items, got {len(value)}")
    # a set has another order in every process, and a cursor is bound to the question as it is written
    return tuple(value) if isinstance(value, Sequence) else tuple(sorted(value, key=repr))
