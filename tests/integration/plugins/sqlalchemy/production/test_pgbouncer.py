"""PgBouncer in transaction mode between the service and its database."""

import asyncio
import time
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy import text

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.sqlalchemy import Database, DatabaseAwayError, open_sqlalchemy
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.backends import fresh_database
from tests.integration.plugins.sqlalchemy.accounts import (
    Account,
    accounts_at,
    checked_out,
    config_for,
    count,
    repository,
)
from tests.integration.plugins.sqlalchemy.production.bank import all_given_back, open_bank
from tests.integration.plugins.sqlalchemy.production.load import assert_problems, clients

pytestmark = [pytest.mark.backends("pgbouncer"), pytest.mark.requirement("REP-5")]


def at(url, path):
    return urlsplit(url)._replace(path=path).geturl()


@asynccontextmanager
async def bounced(server):
    """A database that has its tables, by its address through PgBouncer."""
    async with fresh_database(server.endpoints["direct"]) as direct:
        async with open_bank(direct), accounts_at(direct):
            pass
        yield at(server.url, urlsplit(direct).path)


async def tell_pgbouncer(server, command):
    console = await asyncpg.connect(at(server.url, "/pgbouncer"), statement_cache_size=0)
    await console.execute(command)
    await console.close()


@pytest.fixture
async def url(backend):
    async with bounced(backend("pgbouncer")) as url:
        yield url


async def interleave(url, **settings):
    """Two clients whose transactions and reads overlap, statement by statement."""
    async with accounts_at(url, **settings) as one, accounts_at(url, **settings) as other:
        for round_ in range(5):
            async with one.unit_of_work() as first, other.unit_of_work() as second:
                for number in range(3):
                    await repository(one, first).add(Account(email=f"one {round_} {number}"))
                    await repository(other, second).add(Account(email=f"other {round_} {number}"))
                    assert await count(one) == await count(other) == round_ * 6
                    assert await repository(one, first).count() == round_ * 6 + number + 1
                    assert await repository(other, second).count() == round_ * 6 + number + 1
                many = [Account(email=f"many {round_} {number}") for number in range(2)]
                await repository(one, first).add_many(many)
                await repository(one, first).remove_where(email__like=f"many {round_}%")
                await first.commit()
                await second.commit()
        streamed = [account async for account in repository(one, one.unit_of_work()).stream()]
        assert len(streamed) == 30
        assert await count(one) == await count(other) == 30
        assert checked_out(one) == checked_out(other) == 0


async def test_two_clients_share_connections_transaction_by_transaction(url):
    await interleave(url, pgbouncer=True)


async def test_a_pgbouncer_that_keeps_no_prepared_statements(private_backend):
    server = private_backend("pgbouncer")
    await tell_pgbouncer(server, "SET max_prepared_statements = 0")
    async with bounced(server) as url:
        await interleave(url, pgbouncer=True, prepared_statements=False)


@pytest.mark.parametrize("prepared_statements", [True, False])
async def test_more_clients_than_connections(url, prepared_statements):
    settings = {"pgbouncer": True, "prepared_statements": prepared_statements, "migrate": False}
    async with open_bank(url, **settings) as app:
        async with clients(app) as load:
            await asyncio.sleep(2)
        assert load.failed == []
        assert load.acknowledged == (await app.client.get("/accounts")).json() > 100
        await all_given_back(app)


async def test_time_outs_hold_in_a_transaction_and_leave_nothing_behind(url):
    patience = {"statement_timeout": 0.4, "lock_timeout": 0.3, "idle_in_transaction_timeout": 0.5}
    async with accounts_at(url, pgbouncer=True, **patience) as store:
        async with store.unit_of_work() as work:
            session = work.session
            told = await session.write(
                lambda c: [
                    c.execute(text(f"SHOW {name}")).scalar()
                    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
                ]
            )
            assert told == ["400ms", "300ms", "500ms"]
            begun = time.monotonic()
            with pytest.raises(UnavailableException):
                await session.write(lambda c: c.execute(text("SELECT pg_sleep(20)")))
            assert time.monotonic() - begun < 2
        for _ in range(5):
            shown = await store.database.read(lambda c: c.execute(text("SHOW statement_timeout")).scalar())
            assert shown == "0"  # whoever has the server's connection next is not hurried


async def test_a_slow_read_ends_here_and_at_the_server(url, backend):
    patience = {"command_timeout": 0.5, "statement_timeout": 0.4}
    async with accounts_at(url, pgbouncer=True, **patience) as store:
        begun = time.monotonic()
        with pytest.raises(UnavailableException):
            await store.database.read(lambda c: c.execute(text("SELECT pg_sleep(20) AS slow_read")))
        assert time.monotonic() - begun < 2
        direct = await asyncpg.connect(backend("pgbouncer").endpoints["direct"])
        nobody_sleeps = (
            "SELECT count(*) = 0 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%slow%read%' "
            "AND pid <> pg_backend_pid()"
        )
        await eventually(lambda: direct.fetchval(nobody_sleeps), within=10)  # it would sleep for 20
        await direct.close()
        assert await count(store) == 0


async def test_whoever_forgets_to_say_pgbouncer_is_told(url):
    with pytest.raises(DatabaseAwayError, match=r"pgbouncer"):
        async with open_sqlalchemy(Database(config_for(url))):
            pass


async def test_pgbouncer_is_restarted_under_load(private_backend):
    server = private_backend("pgbouncer")
    async with open_bank(server.endpoints["direct"]):
        pass
    async with open_bank(server.url, pgbouncer=True, migrate=False) as app:
        async with clients(app) as load:
            await asyncio.sleep(0.5)
            await asyncio.to_thread(server.restart)
            accepted = time.monotonic()
            await asyncio.sleep(2)
        assert_problems(load.failed)
        assert load.first_success(accepted) <= 5
        await all_given_back(app)
