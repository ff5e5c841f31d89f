from typing import Annotated
from uuid import UUID

import pytest
from fastapi import APIRouter, Body, Depends, FastAPI
from fastapi.routing import iter_route_contexts

from fastapi_chassis.api import route_policy
from fastapi_chassis.application import Command, Query
from fastapi_chassis.security import Authenticated, CurrentPrincipal, Public, requires
from fastapi_chassis.status import StatusService, health_router


class Sell(Command[UUID], requires="items:sell"):
    title: str


class Silent(Command[UUID]):
    title: str


class Look(Query[str], public=True):
    title: str = ""


async def nothing() -> None: ...


async def sell(command: Sell) -> None: ...


async def maybe_sell(command: Annotated[Sell | None, Body()] = None) -> None: ...


async def look(query: Annotated[Look, Depends()]) -> None: ...


async def silent(command: Silent) -> None: ...


async def me(principal: CurrentPrincipal) -> None: ...


def policy_of(endpoint: object, *dependencies: object) -> str | None:
    app, router = FastAPI(openapi_url=None), APIRouter()
    router.add_api_route("/x", endpoint, methods=["POST"], dependencies=dependencies)  # type: ignore[arg-type]
    app.include_router(router, prefix="/api")
    (route,) = iter_route_contexts(app.routes)
    policy = route_policy(route)
    return str(policy) if policy else None


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (policy_of(nothing), None),
        (policy_of(silent), None),
        (policy_of(nothing, Public), "public"),
        (policy_of(nothing, Authenticated), "requires authenticated"),
        (policy_of(nothing, requires("a", "b")), "requires a, b"),
        (policy_of(me), "requires authenticated"),
        (policy_of(sell), "requires items:sell"),
        (policy_of(maybe_sell), "requires items:sell"),
        (policy_of(look), "public"),
        (policy_of(sell, Authenticated), "requires authenticated"),
    ],
)
def test_a_route_says_who_may_call_it(found: str | None, expected: str | None) -> None:
    assert found == expected


def test_a_guard_of_the_router_counts() -> None:
    app, router = FastAPI(openapi_url=None), APIRouter()
    router.add_api_route("/x", nothing)
    app.include_router(router, dependencies=[requires("a")])
    (route,) = iter_route_contexts(app.routes)

    assert str(route_policy(route)) == "requires a"


def test_probes_are_public() -> None:
    app = FastAPI(openapi_url=None)
    app.include_router(health_router(StatusService()))

    assert {str(route_policy(route)) for route in iter_route_contexts(app.routes)} == {"public"}
