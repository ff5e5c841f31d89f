"""The same bookshop with a broker between its modules, by configuration alone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from fastapi_chassis.testing import TestApplication, eventually, open_application

from .conftest import built, quick_passwords
from .shop import Shop


@pytest.fixture(
    params=[
        pytest.param("kafka", marks=pytest.mark.backends("kafka")),
        pytest.param("rabbitmq", marks=pytest.mark.backends("rabbitmq")),
        pytest.param("nats", marks=pytest.mark.backends("nats")),
        pytest.param("redis", marks=pytest.mark.backends("valkey")),
    ]
)
def broker(request: pytest.FixtureRequest) -> dict[str, object]:
    own = {"messaging.destination_prefix": f"bookshop-{uuid4().hex}"}
    if request.param == "kafka":
        servers = request.getfixturevalue("kafka_servers")
        return {**own, "plugins.kafka.enabled": True, "plugins.kafka.bootstrap_servers": servers}
    if request.param == "redis":
        url = request.getfixturevalue("valkey_url")
        streams = {"enabled": True, "prefix": f"test:{uuid4().hex}:"}
        return {**own, "plugins.redis.enabled": True, "plugins.redis.url": url} | {
            f"plugins.redis.streams.{name}": value for name, value in streams.items()
        }
    plugin = {"rabbitmq": "aiopika", "nats": "nats"}[request.param]
    url = request.getfixturevalue(f"{request.param}_url")
    return {**own, f"plugins.{plugin}.enabled": True, f"plugins.{plugin}.url": url}


@pytest.fixture
async def app(broker: dict[str, object], tmp_path: Path) -> AsyncIterator[TestApplication]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'bookshop.db'}"
    async with open_application(built(url, quick_passwords(), settings=broker)) as app:
        yield app


@pytest.mark.requirement("REF-5", "MSG-6")
async def test_an_item_is_announced_by_way_of_the_broker(app: TestApplication) -> None:
    ada = await Shop(app).member()
    for number in range(10):
        await ada.offer(f"Book {number}")

    async def texts() -> list[str]:
        return [str(one["text"]) for one in (await ada.get("/api/notifications/")).json()["items"]]

    async def all_are_told() -> bool:
        return len(await texts()) >= 10

    await eventually(all_are_told)
    await asyncio.sleep(0.3)
    assert sorted(await texts()) == [
        f"Your item \u201cBook {number}\u201d is on offer." for number in range(10)
    ]
