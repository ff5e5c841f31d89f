from typing import Annotated

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI, WebSocket

from fastapi_chassis.api import Inject
from fastapi_chassis.app import Container, PluginAbstract, ServiceModule
from fastapi_chassis.app.edge import EdgeState, build_fastapi, route_findings, route_needs
from fastapi_chassis.application import Command
from fastapi_chassis.config import DependencyConfig, PluginConfig, RootConfig, ScopeEnum
from fastapi_chassis.domain import Clock, SystemClock
from fastapi_chassis.security import Public, requires
from fastapi_chassis.status import StatusService


class Ping(Command[None], public=True):
    pass


class Desk:
    pass


def nothing(app: FastAPI, config: RootConfig) -> None:
    pass


def built(*routers: APIRouter, configure=nothing, plugins=(), **config) -> FastAPI:
    modules = [ServiceModule("m", routers=routers)]
    root = RootConfig.model_validate(config)
    return build_fastapi(root, modules, plugins, StatusService(), Container([]), configure)


async def get(app: FastAPI, path: str) -> httpx2.Response:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        return await client.get(path)


@pytest.mark.requirement("APP-4")
async def test_the_document_says_what_the_configuration_says():
    service = {"name": "shop", "title": "The Shop", "version": "1.4.0", "description": "Sells."}
    document = (await get(built(service=service), "/api/openapi.json")).json()
    assert {**document["info"], "title": "The Shop", "version": "1.4.0", "description": "Sells."} == document[
        "info"
    ]
    assert (await get(built(service={"name": "shop"}), "/api/openapi.json")).json()["info"]["title"] == "shop"


@pytest.mark.requirement("APP-4", "APP-6")
async def test_routes_of_modules_plugins_and_the_application_are_served():
    class Door(PluginAbstract[PluginConfig]):
        name = "door"

        def routes(self, app: FastAPI) -> None:
            app.add_api_route("/door", lambda: "open", dependencies=[Public])

    router = APIRouter(dependencies=[Public])
    router.add_api_route("/items", lambda: ["Dune"])

    def configure(app: FastAPI, config: RootConfig) -> None:
        app.add_api_route("/hello", lambda: config.service.name, dependencies=[Public])

    app = built(router, configure=configure, plugins=[Door(PluginConfig())], service={"name": "shop"})
    assert (await get(app, "/door")).json() == "open"
    assert (await get(app, "/items")).json() == ["Dune"]
    assert (await get(app, "/hello")).json() == "shop"
    assert {"/items", "/hello", "/door"} <= app.openapi()["paths"].keys()
    assert route_findings(app) == []


async def test_production_shows_no_api_pages():
    app = built(environment="production", api={"docs": False})
    assert [(await get(app, f"/api/{page}")).status_code for page in ("docs", "redoc", "openapi.json")] == [
        404
    ] * 3


def test_what_routes_ask_for_is_known_also_through_dependencies():
    async def desk(desk: Inject[Desk]) -> Desk:
        return desk

    router = APIRouter(prefix="/items", dependencies=[Public])

    @router.get("/")
    async def show(clock: Inject[Clock], desk: Annotated[Desk, Depends(desk)]) -> None:
        pass

    @router.websocket("/live")
    async def live(socket: WebSocket, clock: Inject[Clock]) -> None:
        pass

    needs = [(need.wanted, need.by.rpartition(".")[2]) for need in route_needs(built(router))]
    assert sorted(needs, key=str) == sorted([(Clock, "show"), (Desk, "show"), (Clock, "live")], key=str)


@pytest.mark.requirement("APP-8")
def test_a_route_that_says_nothing_about_its_callers_is_a_finding():
    router = APIRouter()

    @router.get("/open")
    async def forgotten() -> None:
        pass

    @router.get("/hidden", include_in_schema=False)
    async def hidden() -> None:
        pass

    @router.websocket("/live")
    async def live(socket: WebSocket) -> None:
        pass

    @router.get("/said", dependencies=[requires("items:read")])
    async def said() -> None:
        pass

    @router.post("/ping")
    async def ping(command: Ping) -> None:
        pass

    findings = route_findings(built(router))
    assert {finding.where.rpartition(".")[2] for finding in findings} == {"forgotten", "hidden", "live"}
    assert "GET /open says nothing about who may call it" in {finding.what for finding in findings}


async def test_the_state_of_the_edge_gives_what_the_container_holds():
    container = Container(DependencyConfig().bind(Clock, SystemClock, scope=ScopeEnum.APPLICATION).bind(Desk))
    container.open()
    state = EdgeState(container)
    assert state.is_application_scoped(Clock)
    assert not state.is_application_scoped(Desk)
    assert state.provides(Desk)
    assert not state.draining
    assert isinstance(await state.get(Clock), SystemClock)
    async with state.open_scope() as scope:
        assert isinstance(await scope.get(Desk), Desk)
    await container.close()
