"""A network between the service and its database that swallows, breaks off and comes late."""

import asyncio
import time
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from fastapi_chassis.testing.chaos import Latency, ResetPeer, Slicer, Stream, Timeout, open_proxy
from tests.integration.plugins.sqlalchemy.production.bank import all_given_back, open_bank
from tests.integration.plugins.sqlalchemy.production.load import Load, assert_problems, clients

pytestmark = [pytest.mark.backends("postgresql"), pytest.mark.requirement("REP-5")]

PATIENCE = {"command_timeout": 0.8, "statement_timeout": 0.7, "connect_timeout": 0.5, "pool_timeout": 0.5}
COMMIT = b"COMMIT\0"  # as a message of its own; BEGIN says COMMITTED
# a connection from the pool that is silent, one more that can't be opened, and a busy machine
LONGEST = 0.8 + 0.5 + 0.5 + 1.0


@asynccontextmanager
async def bank_behind(url, **settings):
    address = urlsplit(url)
    async with (
        open_proxy(address.hostname, address.port) as network,
        open_bank(network.url_for(url), **settings) as app,
    ):
        yield app, network


@pytest.mark.parametrize("stream", [None, Stream.UPSTREAM, Stream.DOWNSTREAM])
async def test_a_half_open_partition_holds_nobody_up_longer_than_its_time_outs(postgresql_url, stream):
    async with bank_behind(postgresql_url, **PATIENCE) as (app, network):
        async with clients(app) as load:
            await asyncio.sleep(0.3)
            with network.toxic(Timeout(stream=stream)):
                await asyncio.sleep(3)
            healed = time.monotonic()
            await asyncio.sleep(1.5)
        assert load.failed
        assert_problems(load.failed)
        assert max(answer.took for answer in load.answers) < LONGEST
        assert load.first_success(healed) <= 5
        await all_given_back(app)


async def test_connections_that_are_broken_off_are_problems_and_heal(postgresql_url):
    async with bank_behind(postgresql_url, **PATIENCE) as (app, network):
        async with clients(app) as load:
            for _ in range(5):
                await asyncio.sleep(0.2)
                network.reset()
            healed = time.monotonic()
            await asyncio.sleep(0.5)
        assert_problems(load.failed)
        assert load.first_success(healed) <= 5
        await all_given_back(app)
        posts = sum(answer.method == "POST" for answer in load.failed)
        stored = (await app.client.get("/accounts")).json()
        assert load.acknowledged <= stored <= load.acknowledged + posts


async def test_a_slow_network_in_small_pieces_is_only_slow(postgresql_url):
    async with bank_behind(postgresql_url) as (app, network):
        with network.toxic(Latency(0.01, jitter=0.005)), network.toxic(Slicer(7, variation=5)):
            async with clients(app, 8) as load:
                await asyncio.sleep(1)
        assert load.failed == []
        assert load.acknowledged == (await app.client.get("/accounts")).json() > 0


async def test_a_thousand_requests_that_fail_leave_no_connection_behind(postgresql_url):
    settings = {"pool_size": 5, "max_overflow": 5, "pool_timeout": 5, "migrate": False}
    async with open_bank(postgresql_url):
        pass
    async with bank_behind(postgresql_url, **settings) as (app, network):
        load = Load(app)
        with network.toxic(ResetPeer(stream=Stream.DOWNSTREAM)):
            for _ in range(50):
                await asyncio.gather(*(load.ask(method, 0) for method in ("POST", "GET") * 10))
        assert len(load.failed) == 1_000
        assert_problems(load.failed)
        await all_given_back(app)
        assert (await app.client.get("/accounts")).status_code == 200
        server = await asyncpg.connect(postgresql_url)
        mine = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'fastapi%' AND datname = $1"
        database = urlsplit(postgresql_url).path.removeprefix("/")
        assert await server.fetchval(mine, database) <= 10
        await server.close()


async def sent_twice(app, break_it):
    """Sends a command whose commit is cut, and sends it again with the same key."""
    body, headers = {"owner": "ada"}, {"Idempotency-Key": "the-same"}
    await app.client.get("/accounts")
    cut = break_it()
    first = await app.client.post("/accounts", json=body, headers=headers)
    await cut.happened()
    assert cut.fired == 1
    assert first.status_code == 503
    between = (await app.client.get("/accounts")).json()
    second = await app.client.post("/accounts", json=body, headers=headers)
    third = await app.client.post("/accounts", json=body, headers=headers)
    assert (second.status_code, third.json()) == (201, second.json())
    assert (await app.client.get(f"/accounts/{second.json()}")).status_code == 200
    return between, (await app.client.get("/accounts")).json()


@pytest.mark.requirement("DOM-7")
async def test_a_commit_that_never_arrived_is_no_commit(postgresql_url):
    async with bank_behind(postgresql_url, relay=False) as (app, network):
        assert await sent_twice(app, lambda: network.cut(COMMIT)) == (0, 1)


@pytest.mark.requirement("DOM-7")
async def test_a_commit_whose_answer_was_lost_is_found_again_by_its_key(postgresql_url):
    async with bank_behind(postgresql_url, relay=False) as (app, network):
        assert await sent_twice(app, lambda: network.cut(COMMIT, after=True)) == (1, 1)
