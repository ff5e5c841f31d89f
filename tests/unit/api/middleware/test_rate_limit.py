"""Limits from configuration, spoken as clients and proxies do."""

import pytest
from fastapi import FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from fastapi_chassis.api.middleware.rate_limit import EdgeLimits
from fastapi_chassis.application import Principal
from fastapi_chassis.config import ApiConfig
from fastapi_chassis.domain import FrozenClock, UnauthenticatedException
from fastapi_chassis.resilience import InMemoryRateLimiter, RateLimiter
from fastapi_chassis.status import StatusService, health_router
from tests.unit.api.stand import Exchange, build, problem, speaking

HOST = (b"host", b"stand")


class Anybody:
    async def authenticate(self, token: str) -> Principal:
        if token == "bad":
            raise UnauthenticatedException("unknown")
        return Principal(token)


def limited(*rules: dict[str, object], **api: object) -> FastAPI:
    app = build(authenticator=Anybody(), rate_limits=rules, **api)
    app.state.chassis.instances[RateLimiter] = InMemoryRateLimiter(clock=FrozenClock())
    return app


async def statuses(app: FastAPI, path: str, *, times: int, method: str = "GET", **headers: str) -> list[int]:
    async with speaking(app) as client:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return [(await client.request(method, path, headers=named)).status_code for _ in range(times)]


@pytest.mark.requirement("API-4")
async def test_one_too_many_is_a_problem_that_says_when_to_come_again() -> None:
    app = limited({"limit": "2/h", "match": "/api/context/*", "name": "ctx"})
    async with speaking(app) as client:
        first = await client.get("/api/context/sync")
        await client.get("/api/context/sync")
        refused = await client.get("/api/context/sync")
        other = await client.get("/api/items/")

    assert first.headers["ratelimit-policy"] == '"ctx";q=2;w=3600'
    assert first.headers["ratelimit"] == '"ctx";r=1;t=1800'
    told = problem(refused, 429)
    assert (told["error_code"], told["detail"]) == ("RATE_LIMITED", "too many requests")
    assert told["violated-policies"] == ["ctx"]
    assert refused.headers["retry-after"] == "1800"
    assert refused.headers["ratelimit"] == '"ctx";r=0;t=3600'
    assert refused.headers["x-content-type-options"] == "nosniff"
    assert refused.headers["x-correlation-id"]
    assert "ratelimit" not in other.headers


@pytest.mark.requirement("API-4")
async def test_callers_are_counted_apart() -> None:
    app = limited({"limit": "2/h", "by": "user"})
    assert await statuses(app, "/api/items/", times=3, authorization="Bearer ada") == [200, 200, 429]
    assert await statuses(app, "/api/items/", times=3, authorization="Bearer bob") == [200, 200, 429]
    # tokens that prove nothing are no users
    assert await statuses(app, "/api/items/", times=1, authorization="Bearer bad") == [200]
    assert await statuses(app, "/api/items/", times=2) == [200, 429]


@pytest.mark.requirement("API-4")
async def test_api_keys_are_counted_apart() -> None:
    app = limited({"limit": "1/h", "by": "api_key", "header": "X-Key"})
    assert await statuses(app, "/api/items/", times=2, x_key="one") == [200, 429]
    assert await statuses(app, "/api/items/", times=2, x_key="two") == [200, 429]
    assert await statuses(app, "/api/items/", times=2) == [200, 429]


@pytest.mark.requirement("API-4")
async def test_every_rule_that_a_request_matches_counts() -> None:
    app = limited(
        {"limit": "3/h", "name": "all"},
        {"limit": "1/h", "name": "posts", "match": "/api/k*", "methods": ["POST"]},
        {"limit": "2/h", "name": "everybody", "by": "route", "match": "/api/items/"},
    )
    async with speaking(app) as client:
        posted = await client.post("/api/key")
        again = await client.post("/api/key")
        seen = await client.get("/api/items/")
        last = await client.get("/api/items/")
    assert posted.headers["ratelimit"] == '"all";r=2;t=1200, "posts";r=0;t=3600'
    assert (again.status_code, again.json()["violated-policies"]) == (429, ["posts"])
    assert seen.headers["ratelimit-policy"] == '"all";q=3;w=3600, "everybody";q=2;w=3600'
    assert (last.status_code, last.json()["violated-policies"]) == (429, ["all"])


async def test_an_address_is_counted_before_its_token_is_looked_at() -> None:
    app = limited({"limit": "1/h"})
    asked: list[str] = []

    class Slow(Anybody):
        async def authenticate(self, token: str) -> Principal:
            asked.append(token)
            return await super().authenticate(token)

    app.state.chassis.instances |= {
        type_: Slow() for type_ in app.state.chassis.instances if type_ is not RateLimiter
    }
    assert await statuses(app, "/api/items/", times=3, authorization="Bearer ada") == [200, 429, 429]
    assert asked == ["ada"]


async def test_what_nobody_serves_counts_too() -> None:
    assert await statuses(limited({"limit": "1/h"}), "/nowhere", times=2) == [404, 429]


async def test_probes_are_never_limited() -> None:
    app = limited({"limit": "1/h"})
    app.include_router(health_router(StatusService(), prefix="/api"))
    assert set(await statuses(app, "/api/health/live", times=5)) == {200}
    assert await statuses(app, "/api/healthy", times=2) == [404, 429]


async def test_preflights_are_not_counted() -> None:
    app = limited({"limit": "1/h"}, cors={"origins": ["https://shop.example.com"]})
    ask = {"origin": "https://shop.example.com", "access_control_request_method": "GET"}
    assert await statuses(app, "/api/items/", times=3, method="OPTIONS", **ask) == [204] * 3
    async with speaking(app) as client:
        answer = await client.get("/api/items/", headers={"origin": "https://shop.example.com"})
    assert "RateLimit" in answer.headers["access-control-expose-headers"]


@pytest.mark.requirement("API-4", "API-3")
async def test_nobody_makes_up_its_address() -> None:
    app = limited({"limit": "2/h"})
    status = []
    for number in range(5):
        forwarded = (b"x-forwarded-for", f"203.0.113.{number}".encode())
        exchange = await Exchange(app, "GET", "/api/items/", headers=(HOST, forwarded)).run()
        status.append(exchange.status)
    assert status == [200, 200, 429, 429, 429]


@pytest.mark.requirement("API-4", "API-3")
async def test_behind_a_trusted_proxy_the_address_that_it_saw_counts() -> None:
    app = limited({"limit": "2/h"})
    proxied = ProxyHeadersMiddleware(app, trusted_hosts=["127.0.0.1"])  # type: ignore[arg-type]  # ASGI

    async def ask(forwarded: str) -> int | None:
        headers = (HOST, (b"x-forwarded-for", forwarded.encode()))
        return (await Exchange(proxied, "GET", "/api/items/", headers=headers).run()).status  # type: ignore[arg-type]  # ASGI

    assert [await ask(f"10.0.0.{number}, 203.0.113.7") for number in range(4)] == [200, 200, 429, 429]
    assert await ask("203.0.113.8") == 200


async def test_without_rules_no_limiter_is_needed() -> None:
    assert await statuses(build(), "/api/items/", times=1) == [200]


def test_a_star_is_any_text_and_nothing_else_is_special() -> None:
    edge = EdgeLimits(ApiConfig.model_validate({"rate_limits": [{"limit": "1/h", "match": "/api/*.json"}]}))
    assert edge.covers("GET", "/api/a/b.json")
    assert edge.covers("GET", "/api/\n.json")
    assert not edge.covers("GET", "/api/a-json")
    assert not edge.covers("GET", "/v1/api/a.json")
