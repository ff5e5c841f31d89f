"""One container behind every door, and a service whose backend is away and comes back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from fastapi import APIRouter

from fastapi_chassis.api import Inject
from fastapi_chassis.app import (
    ApplicationAbstract,
    ApplicationGenericBuilder,
    PluginAbstract,
    PluginContext,
    ServiceModule,
)
from fastapi_chassis.application import AbstractRepository, Command, Mediator
from fastapi_chassis.config import DependencyConfig, PluginConfig, ScopeEnum
from fastapi_chassis.domain import BaseAggregate, IntegrationEvent
from fastapi_chassis.security import Public
from fastapi_chassis.status import Component, healthy
from fastapi_chassis.testing import TestApplication, eventually, open_application


class Greeter:
    def greet(self) -> str:
        return "hello"


class Sold(IntegrationEvent):
    pass


class Item(BaseAggregate):
    pass


class Sell(Command[str], public=True):
    pass


heard: list[str] = []


async def sell(command: Sell, items: AbstractRepository[Item, UUID], greeter: Greeter) -> str:
    item = Item()
    item.record(Sold())
    await items.add(item)
    return greeter.greet()


async def hear(event: Sold, greeter: Greeter) -> None:
    heard.append(greeter.greet())


router = APIRouter()


@router.get("/greeting", dependencies=[Public])
async def greeting(greeter: Inject[Greeter]) -> str:
    return greeter.greet()


@router.post("/sell")
async def post(command: Sell, mediator: Inject[Mediator]) -> str:
    return await mediator.send(command)


class Shop(ApplicationAbstract):
    name = "shop"
    modules = (
        ServiceModule(
            "items",
            routers=(router,),
            handlers=(sell,),
            consumers=(hear,),
            providers=DependencyConfig("items").bind(Greeter),
        ),
    )


def shop() -> ApplicationGenericBuilder[Shop]:
    return ApplicationGenericBuilder(Shop).with_sources(environ={}, directory="/nonexistent")


class Rude(Greeter):
    def greet(self) -> str:
        return "what"


@pytest.mark.requirement("APP-5")
@pytest.mark.parametrize("scope", list(ScopeEnum))
@pytest.mark.parametrize(("double", "said"), [(Greeter, "hello"), (Rude, "what")])
async def test_every_door_gets_what_is_bound(scope: ScopeEnum, double: type[Greeter], said: str) -> None:
    heard.clear()
    doubles = DependencyConfig("the test").bind(Greeter, double, scope=scope)
    async with open_application(shop().with_dependencies(doubles).build()) as app:
        assert (await app.client.get("/greeting")).json() == said
        assert (await app.client.post("/sell", json={})).json() == said
        await app.settled()
        assert heard == [said]
        assert await app.application.mediator.send(Sell()) == said  # as a command of the shell does


class Telegraph:
    pass


class Line:
    """The server on the other side."""

    is_up = False


@asynccontextmanager
async def open_telegraph() -> AsyncIterator[Telegraph]:
    if not Line.is_up:
        raise OSError("the line is cut")
    yield Telegraph()


class TelegraphPlugin(PluginAbstract[PluginConfig]):
    name = "telegraph"
    provides = (Telegraph,)

    async def start(self, context: PluginContext) -> None:
        telegraph = await context.enter(open_telegraph())
        context.provide(Telegraph, telegraph)
        context.health("telegraph", self.check, telegraph)

    async def check(self, telegraph: Telegraph) -> Component:
        return healthy("telegraph", type(telegraph).__name__)


wire = APIRouter()


@wire.get("/wire", dependencies=[Public])
async def send(telegraph: Inject[Telegraph]) -> str:
    return type(telegraph).__name__


async def is_wired(app: TestApplication) -> bool:
    return (await app.client.get("/wire")).status_code == 200


@pytest.mark.requirement("PLG-4", "PLG-1")
async def test_a_service_starts_degraded_and_heals_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastapi_chassis.app.lifecycle._FIRST_PAUSE", 0.001)
    monkeypatch.setattr("fastapi_chassis.app.lifecycle._LONGEST_PAUSE", 0.001)
    monkeypatch.setattr(Line, "is_up", False)
    builder = shop().add_plugin(TelegraphPlugin).add_module(ServiceModule("wire", routers=(wire,)))
    async with open_application(builder.with_setting("plugins.telegraph.required", False).build()) as app:
        found = (await app.client.get("/api/health")).json()
        assert (found["status"], found["ready"]) == ("degraded", True)
        assert found["components"][0]["name"] == "telegraph"
        response = await app.client.get("/wire")
        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
        Line.is_up = True
        await eventually(lambda: is_wired(app))
        await app.application.status.check()
        assert (await app.client.get("/api/health")).json()["status"] == "healthy"


@pytest.mark.requirement("PLG-1")
async def test_a_required_plugin_that_is_away_ends_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Line, "is_up", False)
    with pytest.raises(Exception, match="plugin telegraph could not start: OSError: the line is cut"):
        await shop().add_plugin(TelegraphPlugin).build().start()
