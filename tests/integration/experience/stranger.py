"""A package by a stranger with the plugin of the face in it, as an installation leaves it."""

# ruff: noqa: E501

from tests.integration.cli.folder import Folder

CONNECTION = '''
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi_chassis import PluginConfig
from fastapi_chassis.config import SecretUrl
from fastapi_chassis.status import Component, healthy, unhealthy


class ClickHouseConfig(PluginConfig):
    url: SecretUrl = SecretUrl("clickhouse://localhost:9000/default")
    answers: bool = True


class ClickHouse:
    """Stands in for a vendor's client."""

    def __init__(self, config: ClickHouseConfig) -> None:
        self.config = config

    async def query(self, text: str) -> str:
        return f"{text} at {self.config.url}"


@asynccontextmanager
async def open_clickhouse(config: ClickHouseConfig) -> AsyncIterator[ClickHouse]:
    print("clickhouse opened", flush=True)
    try:
        yield ClickHouse(config)
    finally:
        print("clickhouse closed", flush=True)


async def ping(client: ClickHouse) -> Component:
    return healthy("clickhouse") if client.config.answers else unhealthy("clickhouse", "no answer")
'''

PLUGIN = """
from chassis_clickhouse.connection import ClickHouse, ClickHouseConfig, open_clickhouse, ping
from fastapi_chassis import PluginAbstract
from fastapi_chassis.app import PluginContext


class ClickHousePlugin(PluginAbstract[ClickHouseConfig]):
    name = "clickhouse"
    provides = (ClickHouse,)

    async def start(self, context: PluginContext) -> None:
        client = await context.enter(open_clickhouse(self.config))   # closed in reverse order, whatever happens
        context.provide(ClickHouse, client)
        context.health("clickhouse", ping, client)
"""

ENTRY_POINTS = "[fastapi_chassis.plugins]\nclickhouse = chassis_clickhouse.plugin:ClickHousePlugin\n"

QUESTION = """
from chassis_clickhouse.connection import ClickHouse
from fastapi_chassis import Query


class CountViews(Query[str], public=True):
    pass


async def count_views(query: CountViews, clickhouse: ClickHouse) -> str:
    return await clickhouse.query("views")


@router.post("/views")
async def post_views(query: CountViews, mediator: Inject[Mediator]) -> str:
    return await mediator.send(query)


class Views(Shop):
    modules = (*Shop.modules, ServiceModule("views", handlers=(count_views,)))
"""


def install(folder: Folder) -> None:
    folder.write("site/chassis_clickhouse/__init__.py", "")
    folder.write("site/chassis_clickhouse/connection.py", CONNECTION)
    folder.write("site/chassis_clickhouse/plugin.py", PLUGIN)
    information = "site/chassis_clickhouse-1.0.dist-info"
    folder.write(f"{information}/METADATA", "Metadata-Version: 2.1\nName: chassis-clickhouse\nVersion: 1.0\n")
    folder.write(f"{information}/entry_points.txt", ENTRY_POINTS)
    folder.environ["PYTHONPATH"] = str(folder.path / "site")
