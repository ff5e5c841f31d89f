from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from tests.contracts.aiopika_broker import AioPikaBroker, broker_at
from tests.integration.plugins.roads import Road

QUICK = {"connect_timeout": 2, "publish_timeout": 2, "heartbeat": 2}

type RabbitRoad = Road[AioPikaBroker]


@asynccontextmanager
async def travel(url: str, beside: RabbitRoad | None = None, **settings: object) -> AsyncIterator[RabbitRoad]:
    async with broker_at(url, **{**QUICK, **settings}) as broker:
        yield Road(broker, beside)


@pytest.fixture
async def road(rabbitmq_url: str) -> AsyncIterator[RabbitRoad]:
    async with travel(rabbitmq_url) as road:
        yield road


@pytest.fixture
def server(private_backend: OpenBackend) -> Backend:
    """A server of this test alone."""
    return private_backend("rabbitmq")
