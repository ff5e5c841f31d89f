"""The plugin in the life of an application."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from fastapi_chassis.config import RootConfig
from fastapi_chassis.plugins.sqlalchemy import DatabaseAwayError, MigrationError, SqlAlchemyPlugin
from fastapi_chassis.status import HealthStatusEnum
from fastapi_chassis.testing.backends.ports import free_port
from tests.integration.plugins.sqlalchemy.accounts import (
    LIBRARY_VERSIONS,
    Account,
    AccountRepository,
    config_for,
)


class Context:
    """What a plugin meets when it starts."""

    def __init__(self, environment: str = "test") -> None:
        self.config = RootConfig.model_validate({"environment": environment})
        self.resources = AsyncExitStack()
        self.provided = {}
        self.checks = {}

    async def enter(self, resource):
        return await self.resources.enter_async_context(resource)

    def provide(self, interface, instance):
        self.provided[interface] = instance

    def health(self, name, check, handle):
        self.checks[name] = (check, handle)


def plugin_at(url: str, **changes) -> SqlAlchemyPlugin:
    plugin = SqlAlchemyPlugin(config_for(url, **changes))
    plugin.store().repository(AccountRepository)
    return plugin


@pytest.mark.requirement("PLG-2", "PLG-6")
async def test_start_migrates_provides_and_registers_and_stop_closes(url):
    plugin, context = plugin_at(url), Context()
    await plugin.start(context)
    assert set(context.provided) == set(plugin.provides) == {AsyncEngine}
    check, handle = context.checks["sqlalchemy"]
    assert (await check(handle)).status is HealthStatusEnum.HEALTHY
    store = plugin.store()
    async with store.unit_of_work() as work:
        await store.repository(AccountRepository)(work).add(Account(email="a"))
        await work.commit()
    await plugin.stop()
    await context.resources.aclose()
    assert store.database.engine.pool.checkedin() == 0
    # and once more, as an application that is started again
    again = Context()
    await plugin.start(again)
    assert await store.repository(AccountRepository)(store.unit_of_work()).count() == 1
    await again.resources.aclose()


@pytest.mark.requirement("REP-6", "APP-8")
@pytest.mark.parametrize(("environment", "migrate"), [("production", None), ("development", False)])
async def test_what_is_pending_is_a_finding_where_nothing_is_migrated_at_start(
    tmp_path, environment, migrate
):
    context = Context(environment)
    with pytest.raises(MigrationError, match="run chassis migrate"):
        await plugin_at(f"sqlite:///{tmp_path}/a.db", migrate=migrate).start(context)
    await context.resources.aclose()
    plugin = plugin_at(f"sqlite:///{tmp_path}/a.db", migrate=migrate)
    assert len(await plugin.migrations().migrate()) == len(LIBRARY_VERSIONS) + 1
    assert await plugin.migrations().pending() == []
    context = Context(environment)
    await plugin.start(context)
    await context.resources.aclose()


async def test_production_migrates_at_start_if_it_is_told_to(tmp_path):
    context = Context("production")
    await plugin_at(f"sqlite:///{tmp_path}/a.db", migrate=True).start(context)
    await context.resources.aclose()


@pytest.mark.requirement("REP-6", "APP-8")
async def test_a_folder_of_migrations_that_is_not_there_is_a_finding(tmp_path):
    context = Context()
    with pytest.raises(MigrationError) as told:
        await plugin_at(f"sqlite:///{tmp_path}/a.db", migrations=tmp_path / "nowhere").start(context)
    (finding,) = told.value.findings
    assert str(tmp_path / "nowhere") in finding.what
    assert finding.where == "plugins.sqlalchemy.migrations"
    assert not (tmp_path / "a.db").exists()
    await context.resources.aclose()


@pytest.mark.requirement("PLG-4", "APP-8")
async def test_a_start_without_its_database_ends_in_a_finding():
    port = free_port()
    context = Context()
    with pytest.raises(DatabaseAwayError) as told:
        await plugin_at(f"postgresql://shop:very-secret@127.0.0.1:{port}/shop").start(context)
    (finding,) = told.value.findings
    assert f"127.0.0.1:{port}" in finding.what
    assert finding.remedy
    assert "very-secret" not in str(told.value)
    await context.resources.aclose()


@pytest.mark.requirement("CFG-2")
async def test_two_databases_are_two_instances(tmp_path):
    context = Context()
    plugins = [
        SqlAlchemyPlugin(config_for(f"sqlite:///{tmp_path}/{name}.db"), instance=name) for name in ("a", "b")
    ]
    for plugin in plugins:
        await plugin.start(context)
    assert set(context.checks) == {"a", "b"}
    await context.resources.aclose()
    assert {path.name for path in Path(tmp_path).iterdir()} == {"a.db", "b.db"}


def test_nothing_is_connected_while_the_application_is_built():
    plugin = plugin_at("postgresql://nobody@127.0.0.1:1/nowhere")
    assert plugin.store() is plugin.store()
    assert "Connections in pool: 0" in plugin.store().database.engine.pool.status()
