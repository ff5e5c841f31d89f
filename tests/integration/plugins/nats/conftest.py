from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from tests.contracts.nats_broker import NatsBroker, broker_at
from tests.integration.plugins.roads import Road

QUICK = {
    "connect_timeout": 1,
    "request_timeout": 1,
    "publish_timeout": 1,
    "heartbeat": 1,
    "ack_wait": 1.5,
    "lease": 3,
    "longest_backoff": 0.5,
}

type NatsRoad = Road[NatsBroker]


@asynccontextmanager
async def travel(url: str, beside: NatsRoad | None = None, **settings: object) -> AsyncIterator[NatsRoad]:
    async with broker_at(url, **{**QUICK, **settings}) as broker:
        yield Road(broker, beside)


@pytest.fixture
async def road(nats_url: str) -> AsyncIterator[NatsRoad]:
    async with travel(nats_url) as road:
        yield road


@pytest.fixture
def server(private_backend: OpenBackend) -> Backend:
    """A server of this test alone."""
    return private_backend("nats")
