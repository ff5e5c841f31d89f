"""Events larger than a broker takes, from one service to another, over real servers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import pytest

from fastapi_chassis import (
    AbstractRepository,
    ApplicationAbstract,
    BaseAggregate,
    Command,
    IntegrationEvent,
    Schedule,
    ServiceModule,
)
from fastapi_chassis.app import ApplicationGenericBuilder
from fastapi_chassis.config import DependencyConfig
from fastapi_chassis.domain import new_id
from fastapi_chassis.messaging import DeadLetterQuery
from fastapi_chassis.plugins.nats import NatsPlugin
from fastapi_chassis.plugins.redis import RedisClient, RedisPlugin
from fastapi_chassis.testing import TestApplication, eventually, open_application

pytestmark = [pytest.mark.backends("nats", "valkey"), pytest.mark.requirement("MSG-15")]

TEXT = "It was a dark and stormy night. " * 100_000  # 3.2 MB, and NATS takes one


class BookWritten(IntegrationEvent):
    text: str


class Book(BaseAggregate):
    title: str


class WriteBook(Command[UUID], public=True):
    text: str


async def write_book(command: WriteBook, books: AbstractRepository[Book, UUID]) -> UUID:
    book = Book(title="Paul Clifford")
    book.record(BookWritten(text=command.text))
    return (await books.add(book)).id


@dataclass
class Read:
    texts: list[str]


async def read(event: BookWritten, done: Read) -> None:
    done.texts.append(event.text)


class PrintLater(Command[None], public=True):
    text: str


class Print(Command[None], public=True):
    text: str


async def print_later(command: PrintLater, schedule: Schedule) -> None:
    await schedule.send(Print(text=command.text))


async def print_now(command: Print, done: Read) -> None:
    done.texts.append(command.text)


class Press(ApplicationAbstract):
    name = "press"
    plugins = (NatsPlugin, RedisPlugin)
    modules = (ServiceModule("prints", handlers=(print_later, print_now)),)


class Writer(ApplicationAbstract):
    name = "writer"
    plugins = (NatsPlugin, RedisPlugin)
    modules = (ServiceModule("books", handlers=(write_book,)),)


class Reader(ApplicationAbstract):
    name = "reader"
    plugins = (NatsPlugin, RedisPlugin)
    modules = (ServiceModule("shelves", consumers=(read,)),)


class Servers:
    """The settings that both services share."""

    def __init__(self, nats_url: str, valkey_url: str) -> None:
        self.prefix = f"test:{new_id().hex}:"
        self.read = Read([])
        self.settings: dict[str, object] = {
            "messaging.claim_check.threshold": 100_000,
            "messaging.claim_check.largest": 8_000_000,
            "messaging.destination_prefix": f"books-{new_id().hex}",
            "messaging.max_attempts": 2,
            "messaging.retry.base": 0.01,
            "plugins.nats.url": nats_url,
            "plugins.redis.url": valkey_url,
            "plugins.redis.claim_checks.enabled": True,
            "plugins.redis.claim_checks.prefix": self.prefix,
        }

    @asynccontextmanager
    async def running(self, service: type[ApplicationAbstract]) -> AsyncIterator[TestApplication]:
        builder = ApplicationGenericBuilder(service).with_sources(environ={}, directory="/nonexistent")
        for path, value in self.settings.items():
            builder.with_setting(path, value)
        builder.with_dependencies(DependencyConfig("the test").bind_instance(Read, self.read))
        async with open_application(builder.build()) as running:
            yield running


@pytest.fixture
def servers(nats_url: str, valkey_url: str) -> Servers:
    return Servers(nats_url, valkey_url)


async def keys(client: RedisClient, prefix: str) -> list[bytes]:
    return [key async for key in client.connection.scan(f"{prefix}*".encode(), 100)]


async def test_another_service_reads_what_the_broker_could_not_carry(servers: Servers) -> None:
    async with servers.running(Reader), servers.running(Writer) as writer:
        await writer.application.mediator.send(WriteBook(text=TEXT))
        await writer.application.mediator.send(WriteBook(text="short"))
        await eventually(lambda: len(servers.read.texts) == 2, within=60)
        assert sorted(servers.read.texts, key=len) == ["short", TEXT]
        assert len(await keys(await writer.get(RedisClient), servers.prefix)) == 1


async def test_a_command_that_a_service_sends_itself_goes_the_same_way(servers: Servers) -> None:
    async with servers.running(Press) as press:
        await press.application.mediator.send(PrintLater(text=TEXT))
        await eventually(lambda: servers.read.texts == [TEXT], within=60)
        assert len(await keys(await press.get(RedisClient), servers.prefix)) == 1


async def test_a_payload_that_somebody_removed_makes_a_dead_letter_that_says_so(servers: Servers) -> None:
    async with servers.running(Writer) as writer:
        await writer.application.mediator.send(WriteBook(text=TEXT))
        client = await writer.get(RedisClient)
        (key,) = await eventually(lambda: keys(client, servers.prefix), within=60)
        await writer.settled()
        await client.connection.run("SET", key, b'{"text":"forged"}')
    async with servers.running(Reader) as reader:

        async def given_up() -> list[str]:
            desk = reader.application.assembly.road.desk()
            return [record.reason for record in await desk.page(DeadLetterQuery())]

        (reason,) = await eventually(given_up, within=60)
    assert "is not the payload that was put there" in reason
    assert servers.read.texts == []
