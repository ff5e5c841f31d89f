"""PgBouncer in transaction mode through asyncpg."""

import asyncpg
import pytest

pytestmark = pytest.mark.backends("pgbouncer")


@pytest.mark.requirement("TST-3")
async def test_a_client_meets_another_server_connection_in_each_transaction(backend):
    server = backend("pgbouncer")
    one = await asyncpg.connect(server.url, statement_cache_size=0)
    other = await asyncpg.connect(server.url, statement_cache_size=0)
    try:
        first = await one.fetchval("select pg_backend_pid()")
        await other.execute("begin")
        taken = await other.fetchval("select pg_backend_pid()")
        assert taken == first  # it was free
        assert await one.fetchval("select pg_backend_pid()") != first
        await other.execute("commit")
    finally:
        await one.close()
        await other.close()


async def test_there_is_a_way_past_it(backend):
    direct = await asyncpg.connect(backend("pgbouncer").endpoints["direct"])
    try:
        assert await direct.fetchval("select 1") == 1
    finally:
        await direct.close()
