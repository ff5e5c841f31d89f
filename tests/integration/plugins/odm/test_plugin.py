"""The plugin in the life of an application, with its server and without."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from fastapi_chassis.app import (
    ApplicationAbstract,
    ApplicationGenericBuilder,
    Assembly,
    PluginStartError,
    ServiceModule,
)
from fastapi_chassis.application import Command, Mediator
from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.odm import ODMConfig, ODMPlugin
from fastapi_chassis.status import HealthStatusEnum
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from tests.integration.plugins.odm.orders import Order, OrderRepository

pytestmark = pytest.mark.backends("ferretdb")


class PlaceOrder(Command[UUID], public=True):
    number: int


async def place_order(command: PlaceOrder, orders: OrderRepository) -> UUID:
    return (await orders.add(Order(number=command.number))).id


class Shop(ApplicationAbstract):
    name = "shop"
    plugins = (ODMPlugin,)
    modules = (ServiceModule("orders", handlers=(place_order,), repositories=(OrderRepository,)),)


@asynccontextmanager
async def running(config: ODMConfig, profile: str = "test", **settings: object) -> AsyncIterator[Assembly]:
    builder = ApplicationGenericBuilder(Shop).with_sources(
        environ={}, directory="/nonexistent", profile=profile
    )
    given = {"url": config.url.get_secret_value(), "database": config.database, **settings}
    for name, value in given.items():
        builder.with_setting(f"plugins.odm.{name}", value)
    if profile == "production":
        builder.with_setting("security.secret_key", "8qN2vX4rT6yU1iO3pA5sD7fG9hJ0kL2z")
        builder.with_setting("api.allowed_hosts", ["shop.example.com"])
    assembly = builder.build().assembly
    assembly.container.open()
    try:
        await assembly.lifecycle.start()
        yield assembly
    finally:
        await assembly.container.close()
        await assembly.lifecycle.stop()


@pytest.mark.requirement("REP-7")
async def test_it_lends_the_database_to_whoever_asks(config: ODMConfig) -> None:
    async with running(config) as assembly:
        mongo: AsyncDatabase[Any] = await assembly.container.get(AsyncDatabase)
        mediator = await assembly.container.get(Mediator)
        order = await mediator.send(PlaceOrder(number=1))
        found = await mongo["order"].find_one({"_id": order})
        assert found is not None
        assert found["number"] == 1


@pytest.mark.requirement("REP-7", "APP-8")
async def test_production_says_which_index_is_missing(config: ODMConfig) -> None:
    with pytest.raises(PluginStartError, match=r"order\.chassis_unique_number is missing"):
        async with running(config, "production"):
            pytest.fail("it started")
    async with running(config, "production", create_indexes=True):
        pass
    async with running(config, "production"):
        pass


@pytest.mark.requirement("PLG-4", "REP-7")
async def test_not_required_the_service_starts_degraded_and_heals(private_backend: OpenBackend) -> None:
    server = private_backend("ferretdb")
    server.stop()
    config = ODMConfig.model_validate({"url": server.url, "database": "healing"})
    patience = {"selection_timeout": 0.3, "connect_timeout": 0.3, "heartbeat": 0.5}
    with pytest.raises(PluginStartError, match="odm"):
        async with running(config, **patience):
            pytest.fail("it started")
    async with running(config, required=False, **patience) as assembly:
        mediator = await assembly.container.get(Mediator)
        await assembly.status.check()
        assert assembly.status.health() is HealthStatusEnum.DEGRADED
        with pytest.raises(UnavailableException):
            await mediator.send(PlaceOrder(number=1))
        await asyncio.to_thread(server.start)

        async def is_healthy() -> bool:
            await assembly.status.check()
            return assembly.status.health() is HealthStatusEnum.HEALTHY

        await eventually(is_healthy)
        assert await mediator.send(PlaceOrder(number=1))
