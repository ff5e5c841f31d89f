"""A service whose one store is MongoDB has schedules, dead letters and audit by configuration alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Column, MetaData, Table, Uuid

from fastapi_chassis.app import (
    ApplicationAbstract,
    ApplicationGenericBuilder,
    ServiceModule,
)
from fastapi_chassis.app.store import KeepsDeadLetters
from fastapi_chassis.application import AbstractRepository, Command, Schedule
from fastapi_chassis.audit import AuditQuery, audit_store_for, verify_chain
from fastapi_chassis.config import DependencyConfig
from fastapi_chassis.domain import BaseAggregate, FrozenClock, IntegrationEvent, ValidationException
from fastapi_chassis.messaging import DeadLetterQuery, DeadLetterStateEnum
from fastapi_chassis.plugins.odm import ODMConfig, ODMStore
from fastapi_chassis.testing import TestApplication, frozen, open_application

pytestmark = [pytest.mark.backends("ferretdb"), pytest.mark.requirement("REP-7")]

WEEK = timedelta(days=7)


class Item(BaseAggregate):
    title: str


class ItemCreated(IntegrationEvent):
    item_id: UUID
    title: str


class CreateItem(Command[UUID], public=True):
    title: str


class AskForReview(Command[None], requires="reviews:write"):
    item_id: UUID


class StopAsking(Command[bool], public=True):
    item_id: UUID


class Reader:
    """What came of it all."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.asked: list[UUID] = []
        self.is_deaf = False


async def create(command: CreateItem, items: AbstractRepository[Item, UUID]) -> UUID:
    item = Item(title=command.title)
    item.record(ItemCreated(item_id=item.id, title=item.title))
    return (await items.add(item)).id


async def remind(event: ItemCreated, schedule: Schedule) -> None:
    await schedule.send(AskForReview(item_id=event.item_id), in_=WEEK, key=f"review:{event.item_id}")


async def announce(event: ItemCreated, reader: Reader) -> None:
    if reader.is_deaf:
        raise ValidationException(f"{event.title} is not to be announced")
    reader.heard.append(event.title)


async def ask(command: AskForReview, reader: Reader) -> None:
    reader.asked.append(command.item_id)


async def stop(command: StopAsking, schedule: Schedule) -> bool:
    return await schedule.cancel(f"review:{command.item_id}")


class Shop(ApplicationAbstract):
    name = "shop"
    modules = (
        ServiceModule("items", handlers=(create,)),
        ServiceModule("reviews", handlers=(ask, stop), consumers=(remind,)),
        ServiceModule("news", consumers=(announce,)),
    )


@asynccontextmanager
async def shop(config: ODMConfig, reader: Reader) -> AsyncIterator[TestApplication]:
    clock = FrozenClock(datetime(2027, 3, 1, tzinfo=UTC))
    builder = ApplicationGenericBuilder(Shop).with_sources(environ={}).with_dependencies(frozen(clock))
    builder.with_dependencies(DependencyConfig("the test").bind_instance(Reader, reader))
    builder.with_setting("plugins.odm.url", config.url.get_secret_value())
    builder.with_setting("plugins.odm.database", config.database)
    async with open_application(builder.build(), clock=clock) as app:
        yield app


async def send(app: TestApplication, command: Command[object]) -> object:
    answer = await app.application.mediator.send(command)
    await app.settled()
    return answer


@pytest.mark.requirement("MSG-8")
async def test_what_is_scheduled_comes_in_its_time_unless_it_is_taken_back(config: ODMConfig) -> None:
    reader = Reader()
    async with shop(config, reader) as app:
        dune = await send(app, CreateItem(title="Dune"))
        emma = await send(app, CreateItem(title="Emma"))
        assert isinstance(emma, UUID)
        assert await send(app, StopAsking(item_id=emma))
        await app.advance(WEEK - timedelta(minutes=1))
        assert reader.asked == []
        await app.advance(timedelta(minutes=2))
        assert reader.asked == [dune]
        assert not await send(app, StopAsking(item_id=emma))


@pytest.mark.requirement("MSG-7", "SEC-7")
async def test_what_is_given_up_is_replayed_and_that_is_audited(config: ODMConfig) -> None:
    reader = Reader()
    reader.is_deaf = True
    async with shop(config, reader) as app:
        await send(app, CreateItem(title="Dune"))
        road = app.application.assembly.road
        desk = road.dead_letters.desk(road.made_consumers())
        (record,) = await desk.page(DeadLetterQuery())
        assert (record.group, "not to be announced" in record.reason) == ("shop.news", True)
        reader.is_deaf = False
        assert (await desk.replay(record.id)).state is DeadLetterStateEnum.REPLAYED
        assert reader.heard == ["Dune"]
        (place,) = app.application.assembly.stores.used
        assert isinstance(place.store, ODMStore)
        assert isinstance(place.store, KeepsDeadLetters)
        audit = audit_store_for(place.store.unit_of_work().session)
        (said,) = await audit.find(AuditQuery(action="dead_letter.replay"))
        assert said.event.entity_id == str(record.id)
        assert (await verify_chain(audit)).is_intact


async def test_an_entity_that_has_a_table_elsewhere_lies_under_its_name(store: ODMStore) -> None:
    table = Table("wares", MetaData(), Column("id", Uuid, primary_key=True))
    items = store.repository(AbstractRepository[Item, UUID], table)
    async with store.unit_of_work() as work:
        await items(work).add(Item(title="Dune"))
        await work.commit()
    assert await store.documents.mongo["wares"].count_documents({}) == 1
