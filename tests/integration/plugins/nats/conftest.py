import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from urllib.parse import urlsplit

import pytest

from fastapi_chassis.domain import UnavailableException, new_id
from fastapi_chassis.messaging import Envelope, PublishFailed, Subscribed, Subscription
from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from fastapi_chassis.testing.chaos import Proxy, open_proxy
from fastapi_chassis.testing.contracts.envelopes import envelope
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.contracts.nats_broker import NatsBroker, broker_at

QUICK = {
    "connect_timeout": 1,
    "request_timeout": 1,
    "publish_timeout": 1,
    "heartbeat": 1,
    "ack_wait": 1.5,
    "lease": 3,
    "longest_backoff": 0.5,
}


class Road:
    """A transport, a destination and a group of its own."""

    def __init__(self, broker: NatsBroker) -> None:
        self.broker, self.transport = broker, broker.transport
        self.topic, self.group = f"road.{new_id().hex}", f"group.{new_id().hex}"

    async def join(self, recorder: Recorder, concurrency: int = 10) -> Subscribed:
        subscription = Subscription(self.group, frozenset({self.topic}), concurrency)
        return await self.transport.subscribe(subscription, recorder)

    def batch(self, first: int, size: int, keys: int = 5) -> list[Envelope]:
        return [
            envelope(number, key=str(number % keys), destination=self.topic)
            for number in range(first, first + size)
        ]

    async def publish_until_confirmed(self, batch: Sequence[Envelope], *, within: float = 60) -> int:
        """Does as a relay does; returns how often it was refused."""
        refused = 0
        async with asyncio.timeout(within):
            while True:
                try:
                    await self.transport.publish(batch)
                except (UnavailableException, PublishFailed):
                    refused += 1
                    await asyncio.sleep(0.02)
                else:
                    return refused


@asynccontextmanager
async def travel(url: str, **settings: object) -> AsyncIterator[Road]:
    async with broker_at(url, **{**QUICK, **settings}) as broker:
        yield Road(broker)


def way_to(url: str) -> AbstractAsyncContextManager[Proxy]:
    """A network that fails on demand before the server."""
    parts = urlsplit(url)
    return open_proxy(parts.hostname or "", parts.port or 0)


async def until(condition: Callable[[], bool], *, within: float = 30) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.01)


def first_numbers(recorders: Sequence[Recorder], key: str) -> list[int]:
    """The numbers of a key in the order in which they came first, one member behind the other."""
    came = [one.envelope for recorder in recorders for one in recorder.deliveries]
    return list(dict.fromkeys(int(one.payload) for one in came if one.key == key))


@pytest.fixture
async def road(nats_url: str) -> AsyncIterator[Road]:
    async with travel(nats_url) as road:
        yield road


@pytest.fixture
def server(private_backend: OpenBackend) -> Backend:
    """A server of this test alone."""
    return private_backend("nats")
