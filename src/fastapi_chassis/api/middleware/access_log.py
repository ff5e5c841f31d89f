"""The access log: one line per request, with the route's template instead of its path."""

import logging
from typing import cast

from fastapi_chassis.api.middleware.asgi import Scope
from fastapi_chassis.status import ProbeRoute

_access = logging.getLogger("fastapi_chassis.access")
GONE = 499


def write_access_line(scope: Scope, status: int, seconds: float, correlation_id: str) -> None:
    """Writes the line of a request that has ended; probes have none.

    Args:
        scope: the request's.
        status: of the response; 0 where the client went away before there was one.
        seconds: how long it took.
        correlation_id: its conversation.
    """
    if not _access.isEnabledFor(logging.INFO) or isinstance(scope.get("route"), ProbeRoute):
        return
    route, method = route_template(scope), _METHODS.get(str(scope["method"]), "OTHER")
    extra = {
        "method": method,
        "route": route,
        "status": status or GONE,
        "ms": round(seconds * 1000, 3),
        "correlation_id": correlation_id,
    }
    _access.info("%s %s %d", method, route, status or GONE, extra=extra)


def route_template(scope: Scope) -> str:
    """Names the route that answered, `/api/items/{id}`; never what was asked for."""
    framework = cast("dict[str, object]", scope.get("fastapi") or {})
    included = framework.get("effective_route_context")
    path = getattr(included, "path", None) or getattr(scope.get("route"), "path", None)
    return f"{scope.get('root_path', '')}{path}" if path else "(no route)"


_METHODS = {
    name: name
    for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY")
}
