"""Limits that routes declare."""

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from fastapi_chassis.api import injected_type, rate_limited
from fastapi_chassis.api.rate_limit import has_limit
from fastapi_chassis.application import Principal
from fastapi_chassis.domain import FrozenClock
from fastapi_chassis.resilience import InMemoryRateLimiter, RateLimiter
from fastapi_chassis.security import Authenticated, Public
from tests.unit.api.stand import build, problem, speaking


class Anybody:
    async def authenticate(self, token: str) -> Principal:
        return Principal(token)


async def nothing() -> str:
    return "done"


def routes(app: FastAPI) -> None:
    def add(path: str, *dependencies: object, **options: object) -> None:
        app.add_api_route(path, nothing, dependencies=[*dependencies], **options)  # type: ignore[arg-type, list-item]  # a test's

    add("/orders/{order_id}", Public, rate_limited("2/h"))
    add("/mine", Authenticated, rate_limited("1/h", by="user"))
    add("/shared/a", Public, rate_limited("2/h", name="shared"))
    add("/shared/b", Public, rate_limited("2/h", name="shared"))
    add("/free", Public)


@pytest.fixture
def app() -> FastAPI:
    app = build(authenticator=Anybody(), routes=routes, rate_limits=[{"limit": "100/h", "name": "all"}])
    app.state.chassis.instances[RateLimiter] = InMemoryRateLimiter(clock=FrozenClock())
    return app


@pytest.mark.requirement("API-4")
async def test_a_route_is_limited_whatever_its_parameters(app: FastAPI) -> None:
    async with speaking(app) as client:
        answers = [await client.get(f"/orders/{number}") for number in range(3)]
        free = await client.get("/free")

    assert [one.status_code for one in answers] == [200, 200, 429]
    policy = '"all";q=100;w=3600, "ip:GET:/orders/{order_id}";q=2;w=3600'
    assert {one.headers["ratelimit-policy"] for one in answers} == {policy}
    assert [one.headers["ratelimit"].split(", ")[1] for one in answers] == [
        '"ip:GET:/orders/{order_id}";r=1;t=1800',
        *['"ip:GET:/orders/{order_id}";r=0;t=3600'] * 2,
    ]
    assert problem(answers[2], 429)["violated-policies"] == ["ip:GET:/orders/{order_id}"]
    assert answers[2].headers["retry-after"] == "1800"
    assert free.headers["ratelimit-policy"] == '"all";q=100;w=3600'


@pytest.mark.requirement("API-4")
async def test_a_route_counts_by_user(app: FastAPI) -> None:
    async with speaking(app) as client:

        async def ask(user: str) -> int:
            return (await client.get("/mine", headers={"Authorization": f"Bearer {user}"})).status_code

        assert [await ask(user) for user in ("ada", "ada", "bob", "ada")] == [200, 429, 200, 429]


async def test_routes_with_one_name_are_counted_together(app: FastAPI) -> None:
    async with speaking(app) as client:
        status = [(await client.get(f"/shared/{path}")).status_code for path in "abab"]
    assert status == [200, 200, 429, 429]


def test_a_wrong_limit_is_found_where_it_is_declared() -> None:
    with pytest.raises(ValueError, match="100/min"):
        rate_limited("often")
    with pytest.raises(ValueError, match="burst"):
        rate_limited("5/min", burst=6)


def test_a_limited_route_asks_for_a_limiter(app: FastAPI) -> None:
    found = {route.path: route for route in iter_route_contexts(app.routes) if route.path == "/mine"}["/mine"]
    assert has_limit(found)
    assert RateLimiter in [injected_type(one.call) for one in found.dependant.dependencies]


@pytest.mark.requirement("API-4", "API-6")
async def test_what_may_be_too_many_is_documented(app: FastAPI) -> None:
    by_rule = build(
        rate_limits=[{"limit": "5/min", "match": "/api/items/*", "methods": ["PUT"]}], routes=routes
    )

    async def limited(app: FastAPI) -> dict[str, set[str]]:
        async with speaking(app) as client:
            paths = (await client.get("/openapi.json")).json()["paths"]
        return {
            path: {
                method
                for method, one in operations.items()
                if "429" in one["responses"]
                and one["responses"]["429"]["headers"].keys()
                == {"Retry-After", "RateLimit", "RateLimit-Policy"}
            }
            for path, operations in paths.items()
        }

    assert all((await limited(app)).values())
    found = await limited(by_rule)
    assert found["/api/items/{item_id}"] == {"put"}
    assert (found["/mine"], found["/free"], found["/api/items/"]) == ({"get"}, set(), set())
