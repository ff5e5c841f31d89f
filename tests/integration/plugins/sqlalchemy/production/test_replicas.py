"""Reads from a replica: of what this process wrote nothing is ever missing."""

import asyncio
import time
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.sqlalchemy.health import ping
from fastapi_chassis.plugins.sqlalchemy.testing import open_store
from fastapi_chassis.status import HealthStatusEnum
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.chaos import Timeout, open_proxy
from tests.integration.plugins.sqlalchemy.accounts import (
    Account,
    AccountRepository,
    add,
    config_for,
    count,
    repository,
)
from tests.integration.plugins.sqlalchemy.production.bank import database_of, open_bank
from tests.integration.plugins.sqlalchemy.production.load import clients

pytestmark = [pytest.mark.backends("replica"), pytest.mark.requirement("REP-5")]


class Replicated:
    """A primary, a replica, and the network before the replica."""

    def __init__(self, server, network, control):
        self.url, self.network, self._control = server.url, network, control
        self.replica = network.url_for(server.endpoints["replica"])

    async def pause(self):
        await self._control.execute("SELECT pg_wal_replay_pause()")

    async def resume(self):
        await self._control.execute("SELECT pg_wal_replay_resume()")

    @asynccontextmanager
    async def accounts(self, **settings):
        config = config_for(self.url, replicas=[self.replica], **settings)
        async with open_store(config, AccountRepository) as store:
            yield store


@pytest.fixture
async def replicated(private_backend):
    server = private_backend("replica")
    address = urlsplit(server.endpoints["replica"])
    control = await asyncpg.connect(server.endpoints["replica"])
    async with open_proxy(address.hostname, address.port) as network:
        yield Replicated(server, network, control)
    await control.close()


async def serves(store):
    """Returns when a replica serves reads, and says how long that took."""
    begun = time.monotonic()
    await eventually(store.database.replicas.choose)
    return time.monotonic() - begun


async def test_a_replica_serves_soon_and_what_was_written_is_always_read(replicated):
    async with replicated.accounts() as store:
        for number in range(40):
            await add(store, Account(email=f"{number}"))
            assert await count(store) == number + 1
            await asyncio.sleep(0.02 * (number % 7))  # sometimes long enough for the replica, sometimes not
            assert await count(store) == number + 1
        assert await serves(store) < 2
        assert await count(store) == 40


async def test_a_replica_that_stands_still_is_not_asked_for_what_it_can_not_know(replicated):
    async with replicated.accounts() as store:
        await add(store, Account(email="before"))
        await serves(store)
        await replicated.pause()
        for number in range(10):
            await add(store, Account(email=f"{number}"))
            for _ in range(10):
                assert await count(store) == number + 2
                await asyncio.sleep(0.01)
        assert store.database.replicas.choose() is None
        await replicated.resume()
        await serves(store)
        assert await count(store) == 11


async def test_without_read_your_writes_a_query_may_be_late_and_a_command_is_not(replicated):
    async with replicated.accounts(read_your_writes=False) as store:
        account = Account(email="before")
        await add(store, account)
        await count(store)
        await serves(store)
        await replicated.pause()
        await asyncio.sleep(0.1)
        await add(store, Account(email="after"))
        assert await count(store) == 1  # so the replica was asked indeed
        async with store.unit_of_work() as work:
            assert await repository(store, work).count() == 2
            found = await repository(store, work).get(account.id)
            found.balance = 5
            await repository(store, work).update(found)
            await work.commit()
        await replicated.resume()


async def test_a_replica_that_is_too_far_behind_is_left_out(replicated):
    settings = {"read_your_writes": False, "replica_max_lag": 0.5}
    async with replicated.accounts(**settings) as store:
        await add(store, Account(email="before"))
        await count(store)
        await serves(store)
        await replicated.pause()
        await add(store, Account(email="after"))

        async def counts_both():
            return await count(store) == 2

        await eventually(counts_both)
        await replicated.resume()
        await serves(store)


async def test_while_others_write_all_the_time_a_replica_still_serves(replicated):
    async with replicated.accounts(replica_max_lag=1) as store, replicated.accounts() as other:
        writing = True

        async def write():
            number = 0
            while writing:
                number += 1
                await add(other, Account(email=f"{number}"))

        async with asyncio.TaskGroup() as group:
            group.create_task(write())
            try:
                await count(store)
                await serves(store)
                served = 0
                for _ in range(150):
                    served += store.database.replicas.choose() is not None
                    await asyncio.sleep(0.01)
            finally:
                writing = False
        assert served > 140


async def test_no_reader_notices_that_a_replica_goes_and_comes(replicated):
    async with open_bank(replicated.url, replicas=[replicated.replica]) as app:
        replicas = database_of(app).replicas
        async with clients(app, 8) as load:
            await asyncio.sleep(0.5)
            await replicated.network.down()
            await asyncio.sleep(1)
            await replicated.network.up()
            await asyncio.sleep(1)
            replicated.network.reset()
            await asyncio.sleep(0.5)
        assert load.failed == []
        assert load.acknowledged == (await app.client.get("/accounts")).json()
        await eventually(replicas.choose)
        await eventually(lambda: all(one.engine.pool.checkedout() == 0 for one in replicas.replicas))


async def test_a_replica_that_is_away_degrades_the_health_and_no_more(replicated):
    async with replicated.accounts() as store:
        assert (await ping(store.database)).status is HealthStatusEnum.HEALTHY
        await replicated.network.down()
        found = await ping(store.database)
        assert found.status is HealthStatusEnum.DEGRADED
        assert "without the replica 127.0.0.1" in found.detail
        assert await count(store) == 0
        await replicated.network.up()
        await asyncio.sleep(1)
        assert (await ping(store.database)).status is HealthStatusEnum.HEALTHY


async def test_a_replica_behind_a_half_open_network_holds_nobody_up_for_long(replicated):
    patience = {"command_timeout": 0.6, "statement_timeout": 0.5, "connect_timeout": 0.6}
    async with replicated.accounts(**patience) as store:
        await add(store, Account(email="a"))
        await count(store)
        await serves(store)
        with replicated.network.toxic(Timeout()):
            slow = 0
            begun = time.monotonic()
            while time.monotonic() - begun < 3:
                asked = time.monotonic()
                try:
                    assert await count(store) == 1
                except UnavailableException:
                    slow += 1
                assert (
                    time.monotonic() - asked < 3
                )  # the time-outs of a question and of its connection, on a busy machine
            assert slow <= 2  # after that it is left out
        await asyncio.sleep(1)
        await serves(store)
        assert await count(store) == 1
