"""Connections come from one pool, whoever asks for them, and all of them go back."""

import asyncio
import warnings

import pytest
from sqlalchemy import bindparam, func, select

from fastapi_chassis.plugins.sqlalchemy.compiled import Statement
from fastapi_chassis.plugins.sqlalchemy.pool import Connecting, give_back, lend
from tests.integration.plugins.sqlalchemy.accounts import Account, accounts_at, add, checked_out, count

pytestmark = pytest.mark.backends("postgresql")


def sleep(store):
    element = select(func.pg_sleep(bindparam("seconds")))
    return store.database.fetch(Statement(element, store.database.dialect.driver), {"seconds": 0.1})


@pytest.mark.requirement("REP-5")
async def test_connections_beyond_the_pool_are_closed_when_they_come_back(postgresql_url):
    async with accounts_at(postgresql_url, pool_size=2, max_overflow=3) as store:
        pool = store.database.engine.pool
        await asyncio.gather(*(sleep(store) for _ in range(8)))
        assert (pool.checkedin(), checked_out(store)) == (2, 0)


@pytest.mark.requirement("REP-5")
async def test_an_idle_connection_that_the_server_closed_is_replaced_before_anybody_meets_it(postgresql_url):
    async with accounts_at(postgresql_url) as store:
        await add(store, Account(email="a"))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for _ in range(3):
                pool = store.database.engine.pool
                lent = await lend(pool)
                lent.driver_connection.terminate()
                await give_back(lent, pool)
                assert await count(store) == 1
        assert checked_out(store) == 0


async def test_a_connection_that_is_too_old_is_replaced(postgresql_url):
    async def server_process(store):
        element = select(func.pg_backend_pid())
        return await store.database.fetch(Statement(element, store.database.dialect.driver), {})

    async with accounts_at(postgresql_url, pool_recycle=0.01) as store:
        first = await server_process(store)
        await asyncio.sleep(0.02)
        assert await server_process(store) != first


def test_an_attempt_to_connect_that_nobody_awaits_leaves_nothing_behind():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del (attempt := [Connecting(host="nowhere")])[0]
        assert attempt == []
