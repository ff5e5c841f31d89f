"""PostgreSQL through asyncpg."""

import asyncpg
import pytest

pytestmark = pytest.mark.backends("postgresql")


@pytest.mark.requirement("TST-3")
async def test_a_fresh_database_answers_through_the_real_client(postgresql_url):
    connection = await asyncpg.connect(postgresql_url)
    try:
        await connection.execute("create table item (id int primary key)")
        await connection.execute("insert into item values (1)")
        assert await connection.fetchval("select count(*) from item") == 1
    finally:
        await connection.close()


async def test_the_database_of_another_test_is_not_seen(postgresql_url):
    connection = await asyncpg.connect(postgresql_url)
    try:
        assert await connection.fetchval("select to_regclass('item')") is None
    finally:
        await connection.close()


async def test_writes_are_durable_and_many_clients_fit(backend):
    connection = await asyncpg.connect(backend("postgresql").url)
    try:
        assert await connection.fetchval("show fsync") == "on"
        assert int(await connection.fetchval("show max_connections")) >= 200
    finally:
        await connection.close()


async def test_committed_rows_survive_a_kill(private_backend):
    server = private_backend("postgresql")
    connection = await asyncpg.connect(server.url)
    await connection.execute("create table item (id int primary key)")
    await connection.execute("insert into item values (7)")
    server.kill()
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.fetchval("select 1")
    connection.terminate()
    server.start()
    connection = await asyncpg.connect(server.url)
    try:
        assert await connection.fetchval("select id from item") == 7
    finally:
        await connection.close()


async def test_a_paused_server_does_not_answer_until_it_is_resumed(private_backend):
    server = private_backend("postgresql")
    server.pause()
    try:
        with pytest.raises(TimeoutError):
            await asyncpg.connect(server.url, timeout=0.5)
    finally:
        server.resume()
    connection = await asyncpg.connect(server.url, timeout=10)
    await connection.close()
