"""A replica that follows a PostgreSQL, through asyncpg."""

import asyncio

import asyncpg
import pytest

from fastapi_chassis.testing import eventually

pytestmark = pytest.mark.backends("replica")


@pytest.mark.requirement("TST-3")
async def test_what_is_written_arrives_at_the_replica_which_takes_no_writes(private_backend):
    server = private_backend("replica")
    primary = await asyncpg.connect(server.url)
    replica = await asyncpg.connect(server.endpoints["replica"])
    try:
        await primary.execute("create table item (id int primary key)")
        await eventually(lambda: replica.fetchval("select to_regclass('item')"))
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await replica.execute("insert into item values (1)")
    finally:
        await primary.close()
        await replica.close()


async def test_it_goes_on_following_after_a_restart(private_backend):
    server = private_backend("replica")
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    primary = await asyncpg.connect(server.url)
    replica = await asyncpg.connect(server.endpoints["replica"])
    try:
        await primary.execute("create table item (id int primary key)")
        await eventually(lambda: replica.fetchval("select to_regclass('item')"))
    finally:
        await primary.close()
        await replica.close()
