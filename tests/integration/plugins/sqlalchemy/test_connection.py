"""The database goes away, and comes back."""

import asyncio
import time
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.sqlalchemy import Database, DatabaseAwayError, open_sqlalchemy
from fastapi_chassis.plugins.sqlalchemy.health import ping
from fastapi_chassis.status import HealthStatusEnum
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.backends.ports import free_port
from tests.integration.plugins.sqlalchemy.accounts import (
    Account,
    accounts_at,
    add,
    checked_out,
    config_for,
    count,
    repository,
)

pytestmark = pytest.mark.backends("postgresql")


async def is_back(store):
    with suppress(UnavailableException):
        await count(store)
        return True


async def open_and_close(config):
    async with open_sqlalchemy(Database(config)):
        pass


@pytest.mark.requirement("REP-5", "PLG-4")
async def test_the_pool_heals_when_the_server_was_restarted(private_backend):
    server = private_backend("postgresql")
    async with accounts_at(server.url) as store:
        await asyncio.gather(*(add(store, Account(email=f"{number}")) for number in range(5)))
        await asyncio.to_thread(server.restart)
        # connections that the server closed are replaced before anybody meets them
        assert await count(store) == 5
        await add(store, Account(email="after"))
        await asyncio.to_thread(server.kill)
        with pytest.raises(UnavailableException):
            await count(store)
        assert (await ping(store.database)).status is HealthStatusEnum.UNHEALTHY
        await asyncio.to_thread(server.start)
        await eventually(lambda: is_back(store))
        assert await count(store) == 6
        assert (await ping(store.database)).status is HealthStatusEnum.HEALTHY
        assert checked_out(store) == 0


@pytest.mark.requirement("REP-5")
async def test_a_transaction_that_loses_its_server_says_so_and_stores_nothing(private_backend):
    server = private_backend("postgresql")
    async with accounts_at(server.url) as store:
        async with store.unit_of_work() as work:
            await repository(store, work).add(Account(email="lost"))
            await asyncio.to_thread(server.kill)
            with pytest.raises(UnavailableException):
                await work.commit()
        await asyncio.to_thread(server.start)
        await eventually(lambda: is_back(store))
        assert await count(store) == 0
        assert checked_out(store) == 0


class Network:
    """A way to a server that may swallow everything and keep the connections."""

    def __init__(self, url):
        self._server = urlsplit(url)
        self.is_cut = False

    async def __aenter__(self):
        self._listening = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        port = self._listening.sockets[0].getsockname()[1]
        user = f"{self._server.username}:{self._server.password}"
        self.url = urlunsplit(self._server._replace(netloc=f"{user}@127.0.0.1:{port}"))
        return self

    async def __aexit__(self, *_):
        self._listening.close()

    async def _relay(self, reader, writer):
        other = await asyncio.open_connection(self._server.hostname, self._server.port)
        ways = (self._carry(reader, other[1]), self._carry(other[0], writer))
        await asyncio.wait([asyncio.create_task(way) for way in ways], return_when=asyncio.FIRST_COMPLETED)
        writer.close()
        other[1].close()

    async def _carry(self, reader, writer):
        while data := await reader.read(65_536):
            if not self.is_cut:
                writer.write(data)


@pytest.mark.requirement("REP-5")
async def test_a_network_that_swallows_everything_holds_nobody_up(postgresql_url):
    impatient = {"command_timeout": 0.6, "statement_timeout": 0.5, "connect_timeout": 0.6}
    async with Network(postgresql_url) as network, accounts_at(network.url, **impatient) as store:
        await add(store, Account(email="before"))
        network.is_cut = True
        begun = time.monotonic()
        with pytest.raises(UnavailableException):
            await count(store)
        with pytest.raises(UnavailableException):
            await add(store, Account(email="meanwhile"))
        assert time.monotonic() - begun < 8  # the time-outs, and the farewell to the connection
        network.is_cut = False
        await eventually(lambda: is_back(store))
        assert await count(store) == 1
        assert checked_out(store) == 0


@pytest.mark.requirement("REP-5")
async def test_a_slow_statement_is_ended_by_the_server(postgresql_url):
    async with accounts_at(postgresql_url, statement_timeout=0.2) as store:
        with pytest.raises(UnavailableException):
            await store.database.read(lambda connection: connection.exec_driver_sql("SELECT pg_sleep(5)"))
        assert await count(store) == 0


@pytest.mark.requirement("REP-5")
async def test_a_full_pool_is_told_soon(postgresql_url):
    async with accounts_at(postgresql_url, pool_size=1, max_overflow=0, pool_timeout=0.2) as store:
        async with store.unit_of_work() as work:
            await repository(store, work).add(Account(email="holds the only connection"))
            with pytest.raises(UnavailableException) as told:
                await count(store)
            assert told.value.retry_after == 1
        assert await count(store) == 0


@pytest.mark.requirement("REP-5")
async def test_a_lock_is_waited_for_no_longer_than_configured(url):
    async with accounts_at(url, lock_timeout=0.2) as store:
        account = Account(email="contended")
        await add(store, account)
        async with store.unit_of_work() as first:
            await repository(store, first).update(account)
            async with store.unit_of_work() as second:
                accounts = repository(store, second)
                with pytest.raises(UnavailableException):
                    await accounts.upsert(account)
            await first.commit()
        assert checked_out(store) == 0


def another(url, **parts):
    return urlunsplit(urlsplit(url)._replace(**parts))


@pytest.mark.requirement("APP-8", "MISTAKE-12")
async def test_a_server_that_is_not_there_is_named_without_its_password(postgresql_url):
    port = free_port()
    config = config_for(f"postgresql://somebody:very-secret@127.0.0.1:{port}/shop")
    with pytest.raises(DatabaseAwayError) as told:
        await open_and_close(config)
    assert f"127.0.0.1:{port}/shop did not answer" in str(told.value)
    assert "very-secret" not in repr((told.value, told.value.__cause__, config))


async def test_a_wrong_password_and_a_missing_database_are_told_apart(postgresql_url):
    split = urlsplit(postgresql_url)
    wrong = another(postgresql_url, netloc=f"postgres:very-secret@{split.hostname}:{split.port}")
    with pytest.raises(DatabaseAwayError, match="refused the user or the password") as told:
        await open_and_close(config_for(wrong))
    assert "very-secret" not in str(told.value)
    with pytest.raises(DatabaseAwayError, match="does not exist"):
        await open_and_close(config_for(another(postgresql_url, path="/nowhere")))


async def test_a_server_that_accepts_and_says_nothing_is_given_up(postgresql_url):
    async def say_nothing(reader, writer):
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    begun = time.monotonic()
    try:
        with pytest.raises(DatabaseAwayError, match="did not answer"):
            await open_and_close(config_for(f"postgresql://a:b@127.0.0.1:{port}/c", connect_timeout=0.3))
    finally:
        silent.close()
    assert time.monotonic() - begun < 3


async def test_a_file_that_can_not_be_opened_is_named(tmp_path):
    with pytest.raises(DatabaseAwayError, match="can't be opened"):
        await open_and_close(config_for(f"sqlite:///{tmp_path}/missing/file.db"))
    (tmp_path / "text.db").write_text("this is no database, and it is long enough to be read as one" * 20)
    with pytest.raises(DatabaseAwayError, match=r"text\.db can't be opened"):
        await open_and_close(config_for(f"sqlite:///{tmp_path}/text.db"))
