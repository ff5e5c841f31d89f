"""The bookshop as three processes over a broker, by its environment alone."""

import json
from collections.abc import AsyncIterator

import httpx2
import pytest

from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.backends import fresh_database
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from fleet import Fleet, open_fleet
from fleet.brokers import VARIABLES

from .processes import environment
from .shop import PASSWORD

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(
    params=[
        pytest.param("kafka", marks=pytest.mark.backends("postgresql", "kafka")),
        pytest.param("rabbitmq", marks=pytest.mark.backends("postgresql", "rabbitmq")),
    ]
)
async def fleet(request: pytest.FixtureRequest, backend: OpenBackend) -> AsyncIterator[Fleet]:
    async with fresh_database(backend("postgresql").url) as url:
        variables = {"DATABASE_URL": url, "LOG_LEVEL": "DEBUG", "CHASSIS_LOGGING__FORMAT": "json"}
        broker = VARIABLES[request.param](backend(request.param).url)
        async with open_fleet(environment(**variables, **broker)) as fleet:
            yield fleet


async def entered(client: httpx2.AsyncClient) -> dict[str, str]:
    """Signs somebody up; returns what the token is sent in."""
    login = {"email": "ada@example.com", "password": PASSWORD}
    assert (await client.post("/api/v1/auth/sign-up/", json=login)).status_code == 201
    response = await client.post("/api/v1/auth/tokens/", json=login)
    assert response.status_code == 200, response.text
    return {"Authorization": f"Bearer {response.json()['access']}"}


def conversations(fleet: Fleet, name: str, wanted: str) -> set[str]:
    """Reads which conversations a process has told of, in lines that hold a text."""
    lines = [line for line in fleet[name].output if line.startswith("{") and wanted in line]
    return {str(json.loads(line).get("correlation_id")) for line in lines}


async def told(client: httpx2.AsyncClient, token: dict[str, str], count: int) -> list[str]:
    """Returns the notifications, once there are so many."""

    async def enough() -> list[str] | None:
        found = await client.get("/api/notifications/", headers=token)
        texts = [one["text"] for one in found.json()["items"]]
        return texts if len(texts) >= count else None

    return await eventually(enough, within=60)


@pytest.mark.requirement("REF-5", "MSG-3", "MSG-6", "OBS-1")
async def test_three_processes_work_as_one_service(fleet: Fleet) -> None:
    shop, notifications = (
        httpx2.AsyncClient(base_url=fleet[name].url, timeout=30) for name in ("shop", "notifications")
    )
    async with shop, notifications:
        token = await entered(shop)
        traced = {**token, "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        created = await shop.post("/api/items/", json={"title": "Dune"}, headers=traced)
        assert created.status_code == 201, created.text
        assert (await shop.get("/api/notifications/", headers=token)).status_code == 404
        assert (await notifications.get("/api/items/", headers=token)).status_code == 404
        assert await told(notifications, token, 1) == ["Your item \u201cDune\u201d is on offer."]
        await fleet.kill("relay")
        for number in range(5):
            created = await shop.post("/api/items/", json={"title": f"Book {number}"}, headers=token)
            assert created.status_code == 201, created.text
        await fleet.start("relay")
        assert len(await told(notifications, token, 6)) == 6
    await eventually(lambda: TRACE in conversations(fleet, "notifications", "Ack of item_created"))
    assert TRACE in conversations(fleet, "shop", "create_item")
