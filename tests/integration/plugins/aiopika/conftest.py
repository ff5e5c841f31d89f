import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from urllib.parse import urlsplit

import pytest

from fastapi_chassis.domain import UnavailableException, new_id
from fastapi_chassis.messaging import Delivery, Envelope, PublishFailed, Subscribed, Subscription
from fastapi_chassis.plugins.aiopika import AioPikaConfig, AioPikaConnection, AioPikaTransport, open_aiopika
from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from fastapi_chassis.testing.chaos import Proxy, open_proxy
from fastapi_chassis.testing.contracts.envelopes import envelope
from fastapi_chassis.testing.contracts.transport import Recorder

QUICK = {"connect_timeout": 2, "publish_timeout": 2, "heartbeat": 2}


class Road:
    """A transport, a destination and a group of its own."""

    def __init__(self, transport: AioPikaTransport, publishing: AioPikaConnection) -> None:
        self.transport, self.publishing = transport, publishing
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
                    await asyncio.sleep(0.05)
                else:
                    return refused


@asynccontextmanager
async def travel(url: str, **settings: object) -> AsyncIterator[Road]:
    config = AioPikaConfig.model_validate({"url": url, **QUICK, **settings})
    publishing, consuming = AioPikaConnection(config, "publishes"), AioPikaConnection(config, "consumes")
    async with open_aiopika(publishing), open_aiopika(consuming):
        transport = AioPikaTransport(publishing, consuming)
        yield Road(transport, publishing)
        await transport.close()


def way_to(url: str) -> AbstractAsyncContextManager[Proxy]:
    """A network that fails on demand before the server."""
    parts = urlsplit(url)
    return open_proxy(parts.hostname or "", parts.port or 0)


async def until(condition: Callable[[], bool], *, within: float = 30) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.01)


def first_numbers(recorders: Sequence[Recorder], key: str) -> list[int]:
    """The numbers of a key in the order in which they came first."""
    merged: list[Delivery] = [one for recorder in recorders for one in recorder.deliveries]
    return list(dict.fromkeys(int(one.envelope.payload) for one in merged if one.envelope.key == key))


@pytest.fixture
async def road(rabbitmq_url: str) -> AsyncIterator[Road]:
    async with travel(rabbitmq_url) as road:
        yield road


@pytest.fixture
def server(private_backend: OpenBackend) -> Backend:
    """A server of this test alone."""
    return private_backend("rabbitmq")
