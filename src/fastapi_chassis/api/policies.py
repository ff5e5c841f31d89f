"""Route policies: what a route, or the message that it takes, says about who may call it."""

from collections.abc import Iterator
from typing import get_args

from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext

from fastapi_chassis.application import Policy, Request
from fastapi_chassis.security import Guard
from fastapi_chassis.status import ProbeRoute


def route_policy(route: RouteContext) -> Policy | None:
    """Finds a route's policy: its guard, else that of a command or query among its parameters.

    Args:
        route: of `iter_route_contexts`.
    """
    if isinstance(route.original_route, ProbeRoute):
        return Policy(public=True)
    dependants = list(_all(route.dependant))
    guards = [one.call.policy for one in dependants if isinstance(one.call, Guard)]
    messages = [
        policy
        for one in dependants
        for annotation in (one.call, *(field.field_info.annotation for field in one.body_params))
        for policy in _message_policies(annotation)
    ]
    return next(iter([*guards, *messages]), None)


def _message_policies(annotation: object) -> Iterator[Policy]:
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, Request) and kind.policy is not None:
            yield kind.policy


def _all(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for below in dependant.dependencies:
        yield from _all(below)
