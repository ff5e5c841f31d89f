"""Health follows the server, within the interval of its checks."""

import asyncio
from time import monotonic

import pytest

from fastapi_chassis.plugins.odm import DocumentDatabase, ODMConfig, open_odm
from fastapi_chassis.plugins.odm.health import ping
from fastapi_chassis.status import HealthStatusEnum, StatusService
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.backends.fixtures import OpenBackend

pytestmark = pytest.mark.backends("ferretdb")

CHECKED = 0.2  # seconds between two looks
PATIENCE = 1.0  # seconds that a look may take


async def becomes(status: StatusService, wanted: HealthStatusEnum) -> float:
    begun = monotonic()
    await eventually(lambda: status.components[0].status is wanted)
    return monotonic() - begun


async def test_it_turns_with_the_server(private_backend: OpenBackend) -> None:
    server = private_backend("ferretdb")
    config = ODMConfig.model_validate({"url": server.url, "selection_timeout": PATIENCE, "heartbeat": 0.5})
    documents = DocumentDatabase(config)
    async with open_odm(documents):
        status = StatusService()
        status.register("odm", lambda: ping(documents), interval=CHECKED, timeout=2 * PATIENCE)
        await status.start()
        try:
            await becomes(status, HealthStatusEnum.HEALTHY)
            assert "one aggregate per commit" in status.components[0].detail
            await asyncio.to_thread(server.kill)
            assert await becomes(status, HealthStatusEnum.UNHEALTHY) <= CHECKED + PATIENCE + 0.5
            assert config.place in status.components[0].detail
            await asyncio.to_thread(server.start)
            assert await becomes(status, HealthStatusEnum.HEALTHY) <= CHECKED + 2 * PATIENCE
            server.pause()
            assert await becomes(status, HealthStatusEnum.UNHEALTHY) <= CHECKED + 2 * PATIENCE + 0.5
            server.resume()
            assert await becomes(status, HealthStatusEnum.HEALTHY) <= CHECKED + 2 * PATIENCE + 0.5
        finally:
            await status.stop()
