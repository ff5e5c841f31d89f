"""Word of a commit reaches relays in other processes in milliseconds, and again after an outage."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from fastapi_chassis.messaging import Envelope, Relay, RelayConfig, outbox_for
from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyConfig, SqlAlchemyStore, migrate
from fastapi_chassis.plugins.sqlalchemy.bell import PostgresBell
from fastapi_chassis.plugins.sqlalchemy.connection import Database, open_sqlalchemy
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.backends import fresh_database
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from fastapi_chassis.testing.contracts.envelopes import envelope

pytestmark = [pytest.mark.backends("postgresql"), pytest.mark.requirement("MSG-3")]


@pytest.fixture
async def stores(backend: OpenBackend) -> AsyncIterator[tuple[SqlAlchemyStore, SqlAlchemyStore]]:
    """Two processes' view of one database."""
    async with fresh_database(backend("postgresql").url) as url:
        config = SqlAlchemyConfig.model_validate({"url": url})
        await migrate(config)
        one, other = SqlAlchemyStore(Database(config)), SqlAlchemyStore(Database(config))
        async with open_sqlalchemy(one.database), open_sqlalchemy(other.database):
            yield one, other


class Broker:
    def __init__(self) -> None:
        self.published: list[tuple[int, float]] = []

    async def publish(self, envelopes: list[Envelope]) -> None:
        self.published += [(int(one.payload), time.monotonic()) for one in envelopes]

    async def subscribe(self, subscription: object, receive: object) -> object:
        raise NotImplementedError


async def test_a_ring_is_heard_by_all_who_listen(stores: tuple[SqlAlchemyStore, SqlAlchemyStore]) -> None:
    rings = [asyncio.Event(), asyncio.Event()]
    bells = [store.outbox().bell for store in stores]
    assert bells[0] is not None
    assert bells[1] is not None
    async with bells[0].listening(rings[0].set), bells[1].listening(rings[1].set):
        await eventually(lambda: all(ring.is_set() for ring in rings))  # once they listen
        for ring in rings:
            ring.clear()
        await bells[0].ring()
        await eventually(lambda: all(ring.is_set() for ring in rings))


async def test_a_relay_elsewhere_hears_of_a_commit_long_before_it_would_look(
    stores: tuple[SqlAlchemyStore, SqlAlchemyStore],
) -> None:
    here, there = stores
    broker = Broker()
    slow = RelayConfig(poll_busy=60, poll_idle=60)
    elsewhere = Relay(there.outbox(), broker, slow, owner="there")
    async with elsewhere.running():
        await eventually(lambda: elsewhere._tenure.is_whole)
        async with Relay(here.outbox(), broker, RelayConfig(poll_busy=60, poll_idle=60)).running() as own:
            for number in range(20):
                async with here.unit_of_work() as work:
                    await outbox_for(work.session).add([envelope(number, key=str(number))])
                    work.after_commit(own.wake)
                    await work.commit()
            await eventually(lambda: len(broker.published) == 20)


async def test_after_a_restart_of_the_server_it_listens_again(private_backend: OpenBackend) -> None:
    server = private_backend("postgresql")
    async with fresh_database(server.url) as url:
        config = SqlAlchemyConfig.model_validate({"url": url})
        database = Database(config)
        async with open_sqlalchemy(database):
            heard = asyncio.Event()
            bell = PostgresBell(database)
            async with bell.listening(heard.set):
                await eventually(heard.is_set)
                await asyncio.to_thread(server.restart)
                heard.clear()
                await eventually(heard.is_set)  # said by itself, for what was missed
                heard.clear()
                await bell.ring()
                await eventually(heard.is_set)


async def test_behind_a_pooler_there_is_no_bell(stores: tuple[SqlAlchemyStore, SqlAlchemyStore]) -> None:
    config = SqlAlchemyConfig.model_validate({"url": "postgresql://localhost/none", "pgbouncer": True})
    assert SqlAlchemyStore(Database(config)).outbox().bell is None
    sqlite = SqlAlchemyConfig.model_validate({"url": "sqlite+aiosqlite:///none.db"})
    assert SqlAlchemyStore(Database(sqlite)).outbox().bell is None
