"""The query string of a route: every name in it is one that the route reads, and stands once."""

from collections.abc import Iterator
from typing import cast

from fastapi import Request
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from fastapi_chassis.domain import ValidationException

_LONGEST_NAME = 100
_MOST_ERRORS = 50


async def strict_query(request: Request) -> None:
    """Refuses query parameters that the route does not read: `dependencies=[Depends(strict_query)]`.

    Raises:
        ValidationException: an unknown parameter, or one that takes one value and stands twice.
    """
    if not request.scope["query_string"]:
        return
    known = dict(_parameters(_dependant_of(request)))
    seen: set[str] = set()
    errors: dict[str, list[str]] = {}
    for name, _ in request.query_params.multi_items():
        if name not in known:
            errors[name[:_LONGEST_NAME]] = ["unknown parameter"]
        elif not known[name] and name in seen:
            errors[name] = ["stands more than once"]
        seen.add(name)
        if len(errors) == _MOST_ERRORS:
            break
    if errors:
        raise ValidationException("the query is not valid", errors=errors, error_code="INVALID_QUERY")


def _dependant_of(request: Request) -> Dependant:
    # the framework keeps a route that was included with a prefix or dependencies apart from the original
    framework = cast("dict[str, object]", request.scope.get("fastapi") or {})
    route = framework.get("effective_route_context") or request.scope["route"]
    return cast("Dependant", getattr(route, "dependant"))  # noqa: B009 - no public type has it


def _parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """Yields each parameter and whether it may stand more than once."""
    for field in dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            for name, inner in kind.model_fields.items():
                yield inner.alias or name, _takes_several(inner.annotation)
        else:
            yield field.alias, _takes_several(kind)
    for below in dependant.dependencies:
        yield from _parameters(below)


def _takes_several(annotation: object) -> bool:
    kinds = (annotation, *getattr(annotation, "__args__", ()))
    return any(getattr(kind, "__origin__", kind) in {list, set, tuple, frozenset} for kind in kinds)
