"""`chassis routes`: the HTTP routes and who may call them."""

from collections.abc import Iterator, Sequence
from typing import cast

from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts

from fastapi_chassis.api import route_policy
from fastapi_chassis.cli.options import Source
from fastapi_chassis.cli.output import print_json, print_table, reported
from fastapi_chassis.cli.target import build_target


def show_routes(source: Source, *, as_json: bool) -> None:
    """Prints every route; nothing is started."""
    with reported("the routes can't be shown", trace=source.trace, as_json=as_json):
        rows = list(_rows(build_target(source).fastapi))
    if as_json:
        print_json(rows)
    else:
        print_table(rows)


def _rows(app: FastAPI) -> Iterator[dict[str, str]]:
    for route in iter_route_contexts(cast("Sequence[RouteContext]", app.routes)):
        if getattr(route, "dependant", None) is None:
            continue
        yield {
            "method": " ".join(sorted(route.methods or ())),
            "path": route.path or "",
            "name": route.name or "",
            "policy": str(route_policy(route) or ""),
        }
