"""Allow: every method that a path answers, although each has a route of its own."""

import re
from collections.abc import Sequence
from typing import cast

from fastapi import Request
from fastapi.routing import RouteContext, iter_route_contexts


def allowed_methods(request: Request) -> str:
    """Lists the methods of every route that stands at the path of a request."""
    path = str(request.scope["path"]).removeprefix(str(request.scope.get("root_path", "")))
    methods: set[str] = set()
    for route in iter_route_contexts(cast("Sequence[RouteContext]", request.app.routes)):
        pattern: re.Pattern[str] | None = getattr(route, "path_regex", None)
        if pattern is not None and pattern.match(path):
            methods |= route.methods or set()
    return ", ".join(sorted(methods))
