"""The schema is brought up to date, back, and up to date again; by one process at a time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from uuid import UUID, uuid4

import pytest
from sqlalchemy import inspect

from fastapi_chassis.application import AbstractRepository
from fastapi_chassis.plugins.sqlalchemy import (
    Database,
    MigrationError,
    SqlAlchemyStore,
    current,
    downgrade,
    migrate,
    open_sqlalchemy,
    pending,
    revision,
)
from fastapi_chassis.security import Login
from fastapi_chassis.testing.contracts.samples import SampleRepository
from tests.integration.plugins.sqlalchemy.accounts import LIBRARY_VERSIONS, AccountRepository, config_for

OWN = {
    "chassis_outbox",
    "chassis_inbox",
    "chassis_idempotency",
    "chassis_audit",
    "chassis_login",
    "chassis_schedules",
    "chassis_partitions",
    "chassis_relays",
    "chassis_dead_letters",
}


async def tables_in(config):
    async with open_sqlalchemy(database := Database(config)):
        return set(await database.read(lambda connection: inspect(connection).get_table_names()))


def tables_of(config, *repositories):
    store = SqlAlchemyStore(Database(config))
    for repository in repositories:
        store.repository(repository)
    return store.database.schema.tables


@pytest.mark.requirement("REP-6", "MISTAKE-6")
async def test_the_shipped_versions_go_up_and_down_and_up(url):
    config = config_for(url)
    (missing,) = await pending(config)
    assert "chassis migrate" in missing.remedy
    assert await current(config) == {"fastapi-chassis": ""}
    applied = await migrate(config)
    assert [step.split()[:2] for step in applied] == [["fastapi-chassis", each] for each in LIBRARY_VERSIONS]
    assert await migrate(config) == []
    assert await pending(config) == []
    assert await tables_in(config) == {*OWN, "chassis_version"}
    undone = await downgrade(config, "base")
    assert [step.split()[1] for step in undone] == LIBRARY_VERSIONS[::-1]
    assert all(step.endswith("(undone)") for step in undone)
    assert await tables_in(config) == {"chassis_version"}
    assert len(await migrate(config)) == len(LIBRARY_VERSIONS)


@pytest.mark.requirement("REP-6")
async def test_the_shipped_versions_make_what_the_code_expects(url, tmp_path):
    from fastapi_chassis.plugins.sqlalchemy.base import OWN_TABLES

    config = config_for(url)
    await migrate(config)
    found = await pending(config, tables=tuple(OWN_TABLES.sorted_tables))
    assert found == []
    async with open_sqlalchemy(database := Database(config)):
        there = await database.read(lambda connection: _described(connection, OWN_TABLES.tables))
    expected = {
        name: {
            "columns": {column.name: column.nullable for column in table.columns},
            "indexes": {index.name for index in table.indexes},
            "primary key": [column.name for column in table.primary_key],
        }
        for name, table in OWN_TABLES.tables.items()
    }
    assert there == expected


def _described(connection, tables):
    inspector = inspect(connection)
    return {
        name: {
            "columns": {one["name"]: one["nullable"] for one in inspector.get_columns(name)},
            "indexes": {
                one["name"] for one in inspector.get_indexes(name) if not one.get("duplicates_constraint")
            },
            "primary key": inspector.get_pk_constraint(name)["constrained_columns"],
        }
        for name in tables
    }


class LoginRepository(AbstractRepository[Login, UUID]):
    pass


@pytest.mark.requirement("REP-6")
async def test_logins_lie_in_the_table_that_is_shipped(url, tmp_path):
    config = config_for(url)
    store = SqlAlchemyStore(Database(config))
    logins = store.repository(LoginRepository)
    tables = store.database.schema.tables
    await migrate(config, tables=tables)
    assert await pending(config, tables=tables) == []
    assert await revision(config, "nothing", service_migrations=tmp_path, tables=tables) is None
    begun = Login.begin(uuid4(), at=datetime.now(UTC), life=timedelta(days=1))
    async with open_sqlalchemy(store.database):
        async with store.unit_of_work() as work:
            await logins(work).add(begun)
            await work.commit()
        found = await logins(store.unit_of_work()).find(user_id=begun.user_id, is_revoked=False)
    assert found == [begun]


@pytest.mark.requirement("REP-6")
async def test_a_service_writes_its_own_versions(url, tmp_path):
    config = config_for(url)
    folder = tmp_path / "migrations"
    tables = tables_of(config, AccountRepository, SampleRepository)
    await migrate(config)
    script = await revision(config, "accounts and samples", service_migrations=folder, tables=tables)
    assert script is not None
    assert "fastapi_chassis" not in script.read_text(), "a version must not change with the library"
    (behind,) = await pending(config, service_migrations=folder, tables=tables)
    assert "service" in behind.what
    (applied,) = await migrate(config, service_migrations=folder, tables=tables)
    assert applied.endswith("accounts and samples")
    assert await pending(config, service_migrations=folder, tables=tables) == []
    assert await revision(config, "nothing", service_migrations=folder, tables=tables) is None
    assert {"account", "sample", "alembic_version", *OWN} <= await tables_in(config)
    assert len(await downgrade(config, "-1", service_migrations=folder)) == 1
    assert not {"account", "sample"} & await tables_in(config)
    assert await tables_in(config) >= OWN
    assert len(await migrate(config, service_migrations=folder, tables=tables)) == 1


async def test_tables_of_entities_are_made_where_the_service_has_no_versions(url, tmp_path):
    config = config_for(url)
    tables = tables_of(config, AccountRepository)
    applied = await migrate(config, service_migrations=tmp_path / "none", tables=tables)
    assert applied[0] == "fastapi-chassis 0001 Outbox, inbox, relay lease and answers"
    assert applied[len(LIBRARY_VERSIONS) :] == ["table account"]
    assert await migrate(config, tables=tables) == []


async def test_a_version_that_fails_is_told_in_the_words_of_the_database(url, tmp_path):
    (tmp_path / "1_broken.py").write_text(
        dedent("""
        \"\"\"broken\"\"\"
        from alembic import op
        revision, down_revision = "1", None
        def upgrade(): op.execute("CREATE NONSENSE")
        def downgrade(): pass
        """)
    )
    config = config_for(url)
    with pytest.raises(MigrationError, match=r"a migration failed: .*syntax error"):
        await migrate(config, service_migrations=tmp_path)
    with pytest.raises(MigrationError, match="Alembic refuses"):
        await downgrade(config, "unknown")
    # what came before is not lost on PostgreSQL; SQLite is all or nothing
    assert "account" not in await tables_in(config)


def test_the_folder_of_versions_is_part_of_the_package():
    import fastapi_chassis.plugins.sqlalchemy.migrations as room

    folder = Path(room.__file__).parent
    assert {"env.py", "script.py.mako"} <= {path.name for path in folder.iterdir()}
