"""Filters from the query string: only the fields and lookups that a route allows, with typed values."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Query, Request
from pydantic import BeforeValidator, Field

from fastapi_chassis.api.query_string import strict_query
from fastapi_chassis.domain import FieldShape, Finding, Lookup, WiringError, contains, lookups_of, shape_of

MAX_ITEMS = 100
MAX_TEXT = 200

_SEVERAL = frozenset({Lookup.IN, Lookup.NOT_IN, Lookup.NOT_LIKE_ALL})
_PATTERN = frozenset({Lookup.LIKE, Lookup.ILIKE, Lookup.NOT_LIKE_ALL})
_SAYS = {
    Lookup.EQ: "is exactly this",
    Lookup.NE: "is not this",
    Lookup.GT: "is greater",
    Lookup.GTE: "is this or greater",
    Lookup.LT: "is less",
    Lookup.LTE: "is this or less",
    Lookup.IN: "is one of these; repeat the parameter",
    Lookup.NOT_IN: "is none of these; repeat the parameter",
    Lookup.LIKE: "contains this very text",
    Lookup.ILIKE: "contains this text, in any case",
    Lookup.NOT_LIKE_ALL: "contains none of these texts; repeat the parameter",
    Lookup.IS_NULL: "has no value, or has one",
    Lookup.BETWEEN: "lies between two values; give the parameter twice",
    Lookup.JSONB_LIKE: "contains this text, in any case",
    Lookup.JSONB_NOT_LIKE: "does not contain this text",
}


def _written_out(sent: object) -> object:
    """Refuses a bare number, which would pass for the seconds since 1970."""
    try:
        float(str(sent))
    except ValueError:
        return sent
    raise ValueError("write it out, as 2027-03-01T12:00:00Z")


@dataclass(frozen=True, slots=True)
class _Asked:
    field: FieldShape
    lookup: Lookup

    @property
    def annotation(self) -> object:
        """What FastAPI reads, checks and documents."""
        says = f"{self.field.name} {_SAYS[self.lookup]}"
        one = self._one()
        if self.lookup is Lookup.BETWEEN:
            return Annotated[list[one] | None, Query(min_length=2, max_length=2, description=says)]  # type: ignore[valid-type]  # made at run time
        if self.lookup in _SEVERAL:
            return Annotated[list[one] | None, Query(max_length=MAX_ITEMS, description=says)]  # type: ignore[valid-type]  # made at run time
        return Annotated[one | None, Query(description=says)]  # type: ignore[operator]  # made at run time

    def _one(self) -> object:
        if self.lookup is Lookup.IS_NULL:
            return bool
        if self.field.type is str or self.field.is_document:
            return Annotated[str, Field(max_length=MAX_TEXT)]
        if self.field.type in {date, datetime}:
            return Annotated[self.field.type, BeforeValidator(_written_out)]
        return self.field.type

    def value(self, sent: object) -> object:
        """What the repository is asked: text for a pattern is meant as it stands."""
        if self.lookup not in _PATTERN:
            return sent
        return [contains(text) for text in sent] if isinstance(sent, list) else contains(str(sent))


class Filters:
    """Reads a route's filters from its query string.

    Used as a dependency: `ItemFilters = Annotated[dict[str, object], Depends(Filters(Item, allow={...}))]`.
    What the caller sets is handed to a repository as it is: `items.page(**filters)`. Everything that neither
    the filters nor the route know is refused.

    Args:
        entity: whose fields are filtered.
        allow: lookups by field; keys inside a document are written `meta__color`.
        order: the fields by which callers may order; they ask for `order=-price`.

    Raises:
        WiringError: a field or lookup that is not there.
    """

    def __init__(
        self, entity: type, allow: Mapping[str, Sequence[str]], *, order: Sequence[str] = ()
    ) -> None:
        self._asked = dict(_read(entity, allow, order))
        terms = tuple(term for name in order for term in (name, f"-{name}"))
        parameters = {name: asked.annotation for name, asked in self._asked.items()}
        if terms:
            says = f"fields to order by, `-` for descending: {', '.join(order)}"
            parameters["order"] = Annotated[
                list[Literal[terms]] | None,  # type: ignore[valid-type]  # made at run time
                Query(max_length=len(order), description=says),
            ]
        self.__signature__ = inspect.Signature(
            [
                inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request),
                *(
                    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
                    for name, kind in parameters.items()
                ),
            ]
        )

    async def __call__(self, request: Request, **sent: object) -> dict[str, object]:
        """Returns the filters that the caller set, as a repository takes them.

        Raises:
            ValidationException: a parameter that is not allowed, or stands twice.
        """
        await strict_query(request)
        given = {name: value for name, value in sent.items() if value is not None}
        return {
            name: self._asked[name].value(value) if name in self._asked else value
            for name, value in given.items()
        }


def _read(
    entity: type, allow: Mapping[str, Sequence[str]], order: Sequence[str]
) -> Iterator[tuple[str, _Asked]]:
    shape = shape_of(entity)
    wrong = [name for name in (*allow, *order) if name.split("__")[0] not in shape]
    wrong += [f"{name}__{one}" for name, lookups in allow.items() for one in lookups if one not in Lookup]
    wrong = wrong or list(_impossible(shape, allow, order))
    if wrong:
        raise WiringError(
            *(
                Finding(f"Filters({entity.__name__}) allows {name}, which {entity.__name__} does not have",
                        remedy=f"fields: {', '.join(shape)}; lookups: {', '.join(Lookup)}.")
                for name in wrong
            )
        )  # fmt: skip
    for name, lookups in allow.items():
        for lookup in map(Lookup, lookups):
            parameter = name if lookup is Lookup.EQ else f"{name}__{lookup}"
            yield parameter, _Asked(shape[name.split("__")[0]], lookup)


def _impossible(
    shape: Mapping[str, FieldShape], allow: Mapping[str, Sequence[str]], order: Sequence[str]
) -> Iterator[str]:
    """Yields what no value could ask: text of a number, a key of what is no document, the order of one."""
    for name, lookups in allow.items():
        field, *path = name.split("__")
        offered = lookups_of(shape[field], inside=bool(path))
        yield from (f"{name}__{one}" for one in lookups if one not in offered)
    yield from (name for name in order if name not in shape or shape[name].is_document)
