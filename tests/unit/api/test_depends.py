from uuid import uuid4

import pytest
from fastapi import FastAPI

from fastapi_chassis.api import Inject, injected_type
from fastapi_chassis.api.depends import Injected
from fastapi_chassis.security import Public
from tests.unit.api.stand import build, problem, speaking


class Clockwork:
    def __init__(self) -> None:
        self.name = "clockwork"


def with_clockwork(path: str = "/clockwork") -> FastAPI:
    async def tell(clockwork: Inject[Clockwork]) -> str:
        return clockwork.name

    app = build(routes=lambda app: app.add_api_route(path, tell, dependencies=[Public]))
    app.state.chassis.instances[Clockwork] = Clockwork()
    return app


async def test_what_lives_with_the_application_needs_no_scope() -> None:
    app = with_clockwork()
    async with speaking(app) as client:
        assert (await client.get("/clockwork")).json() == "clockwork"

    assert app.state.chassis.open_scopes == 0


async def test_what_lives_with_the_message_has_one_scope_that_is_closed_after_the_response() -> None:
    app = build()
    async with speaking(app) as client:
        made = (await client.post("/api/items/", json={"title": "Dune"})).json()
        assert (await client.get(f"/api/items/{made}")).json() == "Dune"
        problem(await client.get(f"/api/items/{uuid4()}"), 404)

    assert app.state.chassis.open_scopes == app.state.chassis.closed_scopes == 3


@pytest.mark.requirement("API-6")
async def test_injected_parameters_stay_out_of_the_document() -> None:
    app = with_clockwork()
    async with speaking(app) as client:
        document = (await client.get("/openapi.json")).json()

    assert "parameters" not in document["paths"]["/clockwork"]["get"]
    assert "requestBody" not in document["paths"]["/clockwork"]["get"]


async def test_a_route_of_a_mounted_application_is_served_too() -> None:
    inner = FastAPI()

    @inner.get("/tell")
    async def tell(clockwork: Inject[Clockwork]) -> str:
        return clockwork.name

    app = with_clockwork()
    app.mount("/inner", inner)
    async with speaking(app) as client:
        response = await client.get("/inner/tell")

    assert response.json() == "clockwork"
    assert "x-correlation-id" in response.headers


async def test_outside_of_an_application_it_says_what_to_do(caplog: pytest.LogCaptureFixture) -> None:
    app = FastAPI()

    @app.get("/tell")
    async def tell(clockwork: Inject[Clockwork]) -> str:
        return clockwork.name

    async with speaking(app) as client:
        assert (await client.get("/tell")).status_code == 500
    with pytest.raises(Exception, match="setup_api") as told:
        await Injected(Clockwork)(__import__("fastapi").Request({"type": "http"}))
    assert told.value.findings[0].what == "Inject[Clockwork] is used outside of a chassis application"


def test_the_wiring_can_ask_what_a_route_needs() -> None:
    assert injected_type(Injected(Clockwork)) is Clockwork
    assert injected_type(print) is None
