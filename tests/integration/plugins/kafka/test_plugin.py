"""The plugin in the life of an application: an event of a command has its effect by way of Kafka."""

import asyncio
from uuid import UUID, uuid4

import pytest

from fastapi_chassis.app import (
    ApplicationAbstract,
    ApplicationGenericBuilder,
    PluginStartError,
    ServiceModule,
)
from fastapi_chassis.application import AbstractRepository, Command, Mediator, Query
from fastapi_chassis.domain import BaseAggregate, IntegrationEvent
from fastapi_chassis.plugins.kafka import KafkaPlugin
from fastapi_chassis.status import HealthStatusEnum
from fastapi_chassis.testing import eventually, open_application
from fastapi_chassis.testing.backends.fixtures import OpenBackend

pytestmark = pytest.mark.backends("kafka")


class ItemCreated(IntegrationEvent):
    item_id: UUID
    title: str


class Item(BaseAggregate):
    title: str


class Notice(BaseAggregate):
    text: str


class CreateItem(Command[UUID], public=True):
    title: str


async def create_item(command: CreateItem, items: AbstractRepository[Item, UUID]) -> UUID:
    item = Item(title=command.title)
    item.record(ItemCreated(item_id=item.id, title=item.title))
    return (await items.add(item)).id


async def announce(event: ItemCreated, notices: AbstractRepository[Notice, UUID]) -> None:
    await notices.add(Notice(text=event.title))


class ListNotices(Query[list[str]], public=True):
    pass


async def list_notices(query: ListNotices, notices: AbstractRepository[Notice, UUID]) -> list[str]:
    return [notice.text for notice in await notices.find()]


class Shop(ApplicationAbstract):
    name = "shop"
    plugins = (KafkaPlugin,)
    modules = (ServiceModule("items", handlers=(create_item, list_notices), consumers=(announce,)),)


def shop_at(servers: str, **settings: object) -> Shop:
    builder = ApplicationGenericBuilder(Shop).with_sources(
        environ={}, directory="/nonexistent", profile="test"
    )
    given = {
        "plugins.kafka.bootstrap_servers": servers.removeprefix("kafka://"),
        "messaging.destination_prefix": f"test-{uuid4().hex}",
        **settings,
    }
    for name, value in given.items():
        builder.with_setting(name, value)
    return builder.build()


@pytest.mark.requirement("MSG-6")
async def test_an_event_has_its_effect_once_by_way_of_kafka(kafka_servers: str) -> None:
    async with open_application(shop_at(kafka_servers)) as app:
        mediator = await app.get(Mediator)
        for number in range(20):
            await mediator.send(CreateItem(title=f"title {number}"))

        async def all_are_noted() -> bool:
            return len(await mediator.send(ListNotices())) >= 20

        await eventually(all_are_noted)
        await asyncio.sleep(0.3)
        texts = await mediator.send(ListNotices())
        assert sorted(texts) == sorted(f"title {number}" for number in range(20))


@pytest.mark.requirement("PLG-4")
async def test_required_it_refuses_and_not_required_it_heals(private_backend: OpenBackend) -> None:
    server = private_backend("kafka")
    server.stop()
    soon = {"plugins.kafka.request_timeout": 0.5, "plugins.kafka.publish_timeout": 0.5}
    with pytest.raises(PluginStartError, match="kafka"):
        async with open_application(shop_at(server.url, **soon)):
            pytest.fail("it started")
    away = shop_at(server.url, **soon, **{"plugins.kafka.required": False})
    async with open_application(away) as app:
        status = app.application.assembly.status
        await status.check()
        assert status.health() is HealthStatusEnum.DEGRADED
        await asyncio.to_thread(server.start)

        async def is_healthy() -> bool:
            await status.check()
            return status.health() is HealthStatusEnum.HEALTHY

        await eventually(is_healthy)
