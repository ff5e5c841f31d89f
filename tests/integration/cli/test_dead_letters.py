"""Dead letters of a service on SQLite, through the real command line; its broker is away."""

import sqlite3
import sys
from contextlib import closing

import pytest

from tests.integration.cli.folder import Folder, free_port

SHOP = """
from pathlib import Path

from fastapi_chassis.app import ApplicationAbstract, ServiceModule
from fastapi_chassis.domain import IntegrationEvent, ValidationException


class ItemCreated(IntegrationEvent):
    title: str


async def announce(event: ItemCreated) -> None:
    if not Path("repaired").exists():
        raise ValidationException(f"{event.title} is not to be announced")
    with Path("announced").open("a") as file:
        print(event.title, file=file)


class Shop(ApplicationAbstract):
    name = "shop"
    modules = (ServiceModule("items", consumers=(announce,)),)
"""
OFFER = """
import asyncio

from fastapi_chassis.application import RecordedEvent
from fastapi_chassis.messaging import MessagingConfig, writer_for
from fastapi_chassis.testing import open_application
from shop import ItemCreated, Shop


async def main() -> None:
    async with open_application(Shop()) as app:
        writer = writer_for(MessagingConfig(), source="shop")
        for title in ("Dune", "Emma"):
            sent = writer.write(RecordedEvent(ItemCreated(title=title), "item", title))
            await app.application.assembly.road.transport.publish([sent])
        await app.settled(within=20)


asyncio.run(main())
"""
AWAY = "kafka: {{enabled: {}, bootstrap_servers: '127.0.0.1:{}'}}"
HOSTS = "api: {allowed_hosts: [shop.example.com]}\nsecurity: {secret_key: 8qN2vX4rT6yU1iO3pA5sD7fG9hJ0kL2z}\n"
DATABASE = "sqlalchemy: {url: 'sqlite+aiosqlite:///shop.db'}"


@pytest.fixture
def sqlite(folder: Folder) -> Folder:
    folder.write("shop.py", SHOP)
    folder.write("application.yaml", f"{HOSTS}plugins: {{{DATABASE}}}\n")
    return folder


@pytest.mark.requirement("MSG-7")
def test_given_up_listed_replayed_and_had_once(sqlite: Folder) -> None:
    sqlite.write("offer.py", OFFER)
    offered = sqlite.chassis("offer.py", program=(sys.executable,))
    assert offered.code == 0, offered.err
    kafka = AWAY.format("true", free_port())
    sqlite.write("application.yaml", f"{HOSTS}plugins: {{{DATABASE}, {kafka}}}\n")
    listed = sqlite.chassis("dead-letters", "list", "--json").json
    assert sorted(one["key"] for one in listed) == ["Dune", "Emma"]
    failed = sqlite.chassis("dead-letters", "replay", listed[0]["id"])
    assert failed.code == 1
    assert "is not to be announced" in failed.out
    sqlite.write("repaired", "")
    done = sqlite.chassis("dead-letters", "replay", "--all", "--type", "item_created")
    assert done.code == 0, done.err
    assert done.out.count("  replayed\n") == 2
    with closing(sqlite3.connect(sqlite.path / "shop.db")) as database, database:
        database.execute("update chassis_dead_letters set state = 'waiting'")  # killed before it was noted
    assert sqlite.chassis("dead-letters", "replay", "--all").out.count("  replayed\n") == 2
    assert sorted((sqlite.path / "announced").read_text().split()) == ["Dune", "Emma"]
    assert sqlite.chassis("dead-letters", "list").out == "no dead letters\n"


@pytest.mark.requirement("MSG-7", "APP-8")
@pytest.mark.parametrize("command", [("run", "--port", "0"), ("dead-letters", "list")])
def test_without_its_table_a_service_says_so_and_takes_no_message(
    sqlite: Folder, command: tuple[str, ...]
) -> None:
    report = sqlite.chassis(*command, "--profile", "production").report
    assert "the tables of fastapi-chassis are at no version" in " ".join(report.split())
    assert "chassis migrate" in report
