"""Of several processes that migrate at once, one does the work."""

import asyncio
import sys

import pytest
from sqlalchemy import inspect, text

from fastapi_chassis.plugins.sqlalchemy import (
    Database,
    MigrationError,
    SqlAlchemyStore,
    migrate,
    open_sqlalchemy,
)
from tests.integration.plugins.sqlalchemy.accounts import LIBRARY_VERSIONS, config_for

OWN = {"chassis_outbox", "chassis_partitions", "chassis_inbox", "chassis_idempotency"}


async def tables_in(config):
    async with open_sqlalchemy(database := Database(config)):
        return set(await database.read(lambda connection: inspect(connection).get_table_names()))


def tables_of(config, *repositories):
    store = SqlAlchemyStore(Database(config))
    for repository in repositories:
        store.repository(repository)
    return store.database.schema.tables


SCRIPT = """
import asyncio, sys
from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyConfig, migrate
async def main():
    print("ready", flush=True)
    sys.stdin.readline()
    print(len(await migrate(SqlAlchemyConfig.model_validate({"url": sys.argv[1]}))))
asyncio.run(main())
"""


@pytest.mark.requirement("REP-6")
async def test_of_two_processes_that_migrate_at_once_one_does(url):
    pipes = {
        "stdin": asyncio.subprocess.PIPE,
        "stdout": asyncio.subprocess.PIPE,
        "stderr": asyncio.subprocess.PIPE,
    }
    replicas = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", SCRIPT, url, **pipes) for _ in range(3)
    ]
    for replica in replicas:
        assert await replica.stdout.readline() == b"ready\n"
    ends = await asyncio.gather(*(replica.communicate(b"go\n") for replica in replicas))
    applied = sorted(int(out) for out, _ in ends)
    assert applied == [0, 0, len(LIBRARY_VERSIONS)], [err.decode() for _, err in ends]


async def test_two_databases_of_one_process_are_migrated_one_after_the_other(tmp_path):
    configs = [config_for(f"sqlite:///{tmp_path}/{number}.db") for number in range(3)]
    applied = await asyncio.gather(*map(migrate, configs))
    assert list(map(len, applied)) == [len(LIBRARY_VERSIONS)] * 3


@pytest.mark.backends("postgresql")
async def test_a_lock_that_is_never_given_ends_in_a_report(postgresql_url):
    from fastapi_chassis.plugins.sqlalchemy.migrations.exclusive import LOCK_KEY

    async with (
        open_sqlalchemy(Database(config_for(postgresql_url))) as engine,
        engine.connect() as connection,
    ):
        await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
        with pytest.raises(MigrationError, match=r"took longer than 0\.5 s"):
            await migrate(config_for(postgresql_url, migrate_timeout=0.5))
