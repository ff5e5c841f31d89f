import pytest
from fastapi import FastAPI

from fastapi_chassis.api.middleware.principal import principal_of
from fastapi_chassis.api.rejected import REJECTED
from fastapi_chassis.application import Principal
from fastapi_chassis.domain import UnauthenticatedException
from fastapi_chassis.security import Public
from tests.unit.api.stand import Chassis, build, problem, speaking


class Known:
    def __init__(self) -> None:
        self.asked = 0

    async def authenticate(self, token: str) -> Principal:
        self.asked += 1
        if token == "down":
            raise ConnectionError("canary: the store is away")
        if token != "ada":
            raise UnauthenticatedException("the token is not valid", error_code="INVALID_TOKEN")
        return Principal("ada", frozenset({"items:write"}))


@pytest.mark.parametrize("authorization", ["", "Basic ada", "ada", "Bearerada"])
async def test_without_a_bearer_token_nobody_is_asked(authorization: str) -> None:
    known = Known()
    assert await principal_of(authorization, Chassis(known), {}) is None
    assert known.asked == 0


@pytest.mark.parametrize("authorization", ["Bearer ada", "bearer ada", "BEARER  ada "])
async def test_a_bearer_token_speaks_for_its_caller(authorization: str) -> None:
    found = await principal_of(authorization, Chassis(Known()), {})
    assert found is not None
    assert found.subject == "ada"


async def test_why_a_token_was_refused_is_kept() -> None:
    scope: dict[str, object] = {}
    assert await principal_of("Bearer eve", Chassis(Known()), scope) is None
    assert isinstance(scope[REJECTED], UnauthenticatedException)


async def test_a_service_without_authenticator_knows_nobody() -> None:
    assert await principal_of("Bearer ada", Chassis(), {}) is None


async def test_a_refused_token_closes_protected_routes_only() -> None:
    async with speaking(build(authenticator=Known())) as client:
        bad, good = {"Authorization": "Bearer eve"}, {"Authorization": "Bearer ada"}
        refused = await client.get("/api/items/me/first", headers=bad)
        nobody = await client.get("/api/items/me/first")
        public = await client.get("/api/items/", headers=bad)
        mine = await client.get("/api/items/me/first", headers=good)

    assert problem(refused, 401)["error_code"] == "INVALID_TOKEN"
    assert refused.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert problem(nobody, 401)["error_code"] == "UNAUTHENTICATED"
    assert nobody.headers["www-authenticate"] == "Bearer"
    assert public.status_code == 200
    assert mine.json() == "ada"


async def test_a_fault_of_the_authenticator_never_lets_pass() -> None:
    async with speaking(build(authenticator=Known())) as client:
        response = await client.get("/api/items/me/first", headers={"Authorization": "Bearer down"})

    problem(response, 500)
    assert "canary" not in response.text


async def test_another_reason_is_never_replaced_by_that_of_the_token() -> None:
    async def log_in() -> None:
        raise UnauthenticatedException("the password is wrong", error_code="INVALID_CREDENTIALS")

    def routes(app: FastAPI) -> None:
        app.add_api_route("/log-in", log_in, methods=["POST"], dependencies=[Public])

    async with speaking(build(authenticator=Known(), routes=routes)) as client:
        response = await client.post("/log-in", headers={"Authorization": "Bearer eve"})

    assert problem(response, 401)["error_code"] == "INVALID_CREDENTIALS"
