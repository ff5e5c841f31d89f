"""The lifecycle contract on a plugin as a stranger would write it, and on those of the chassis."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest

from fastapi_chassis.app import PluginAbstract, PluginContext
from fastapi_chassis.config import PluginConfig
from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyConfig, SqlAlchemyPlugin
from fastapi_chassis.status import Component, healthy, unhealthy
from fastapi_chassis.testing.contracts import PluginContract

pytestmark = pytest.mark.requirement("PLG-6", "PLG-2")


class Telegraph:
    """A vendor's client: two connections and a background task."""

    def __init__(self) -> None:
        self.wires = 0


class TelegraphConfig(PluginConfig):
    host: str = "localhost"


@asynccontextmanager
async def open_wire(telegraph: Telegraph) -> AsyncIterator[Telegraph]:
    telegraph.wires += 1
    await asyncio.sleep(0)
    try:
        yield telegraph
    finally:
        await asyncio.sleep(0)
        telegraph.wires -= 1


async def ping(telegraph: Telegraph) -> Component:
    return healthy("telegraph") if telegraph.wires == 2 else unhealthy("telegraph", "cut")


class TelegraphPlugin(PluginAbstract[TelegraphConfig]):
    name = "telegraph"
    config_type = TelegraphConfig
    provides = (Telegraph,)

    async def start(self, context: PluginContext) -> None:
        telegraph = await context.enter(open_wire(Telegraph()))
        await context.enter(open_wire(telegraph))
        context.provide(Telegraph, telegraph)
        context.health(self.instance, ping, telegraph)
        self.listening = asyncio.create_task(asyncio.sleep(3_600))

    async def stop(self) -> None:
        self.listening.cancel()
        await asyncio.gather(self.listening, return_exceptions=True)


class TestTelegraph(PluginContract):
    plugin_type = TelegraphPlugin

    @pytest.fixture
    def config(self) -> TelegraphConfig:
        return TelegraphConfig()


@pytest.mark.requirement("PLG-3", "PLG-5")
class TestSqlAlchemy(PluginContract):
    plugin_type = SqlAlchemyPlugin
    vendor_modules: ClassVar[tuple[str, ...]] = ("sqlalchemy", "aiosqlite", "asyncpg", "alembic")

    @pytest.fixture
    def config(self, tmp_path) -> SqlAlchemyConfig:
        return SqlAlchemyConfig(url=f"sqlite+aiosqlite:///{tmp_path}/shop.db")


class Careless(TelegraphPlugin):
    """Forgets what it announced, opens a wire by hand, and begins its task too early."""

    async def start(self, context: PluginContext) -> None:
        self.listening = asyncio.create_task(asyncio.sleep(3_600))
        telegraph = await context.enter(open_wire(Telegraph()))
        await context.enter(open_wire(telegraph))
        context.health("telegraph", ping, telegraph)


BROKEN = {
    "test_it_gives_what_it_announced": AssertionError,
    "test_two_sections_of_it_live_side_by_side": Exception,
}


@pytest.mark.parametrize(("promise", "fault"), BROKEN.items(), ids=BROKEN)
async def test_a_careless_plugin_breaks_the_contract(promise: str, fault: type[Exception]) -> None:
    contract = PluginContract()
    contract.plugin_type = Careless  # type: ignore[misc]  # of this one instance

    def make(instance: str) -> Careless:
        return Careless(TelegraphConfig(), instance=instance)

    with pytest.raises(fault):
        await getattr(contract, promise)(make)
