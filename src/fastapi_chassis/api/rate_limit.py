"""rate_limited(): a limit of one route, as it declares it."""

from collections.abc import Iterator
from typing import override

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.params import Depends as Dependency
from fastapi.routing import RouteContext

from fastapi_chassis.api.depends import Injected
from fastapi_chassis.api.middleware.access_log import route_template
from fastapi_chassis.api.middleware.counting import caller_of, hold_to
from fastapi_chassis.config import LimitBy
from fastapi_chassis.resilience import RateLimit, RateLimiter


class RouteLimit(Injected[RateLimiter]):
    """Counts the requests of a route and refuses those beyond its limit.

    Args:
        limit: how many pass.
        by: whose requests are counted together.
        header: where the API key stands.
        name: what answers call it; the route, where nothing is given.
    """

    def __init__(self, limit: RateLimit, *, by: LimitBy, header: str, name: str) -> None:
        super().__init__(RateLimiter)  # type: ignore[type-abstract]  # a port
        self._limit = limit
        self._by: LimitBy = by
        self._header = header.lower().encode("ascii")
        self._name = name

    @override
    async def __call__(self, request: Request) -> RateLimiter:
        """Counts a request.

        Raises:
            RateLimitedException: it is one too many.
        """
        limiter = await super().__call__(request)
        name = self._name or f"{self._by}:{request.method}:{route_template(request.scope)}"
        caller = caller_of(request.scope, self._by, self._header)
        await hold_to(limiter, name, self._limit, caller, request.scope)
        return limiter


def rate_limited(
    limit: str, *, burst: int = 0, by: LimitBy = "ip", header: str = "X-Api-Key", name: str = ""
) -> Dependency:
    """Declares a limit of a route: `dependencies=[rate_limited("10/min", by="user")]`.

    Args:
        limit: the rate, as `100/min`.
        burst: how many may come at once; 0 for as many as the rate says.
        by: whose requests are counted together: those of an address `ip`, of a `user` or of an `api_key`,
            or everybody's, `route`. A request without user or key counts for its address.
        header: where the API key stands.
        name: what answers call it, and what routes that are counted together share.

    Raises:
        ValueError: a rate that is none, or a burst beyond it.
    """
    dependency = Depends(RouteLimit(RateLimit.of(limit, burst=burst), by=by, header=header, name=name))
    if not isinstance(dependency, Dependency):
        raise TypeError("Depends has changed")
    return dependency


def has_limit(route: RouteContext) -> bool:
    """Whether a route declares a limit of its own."""
    return any(isinstance(one.call, RouteLimit) for one in _all(route.dependant))


def _all(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for below in dependant.dependencies:
        yield from _all(below)
