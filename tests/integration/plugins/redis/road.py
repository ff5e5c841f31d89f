"""A road over Redis: a transport, a destination and a group, and what its tests ask of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from urllib.parse import urlsplit

from fastapi_chassis.domain import UnavailableException, new_id
from fastapi_chassis.messaging import Envelope, PublishFailed, Subscribed, Subscription
from fastapi_chassis.testing.chaos import Proxy, open_proxy
from fastapi_chassis.testing.contracts.envelopes import envelope
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.contracts.redis_broker import RedisBroker, broker_at

QUICK_SERVER = {"connect_timeout": 1, "command_timeout": 1, "retry_backoff": 0.05}
QUICK = {"publish_timeout": 1, "lease": 3}


class Road:
    """A transport, a destination and a group of its own."""

    def __init__(self, broker: RedisBroker) -> None:
        self.broker, self.transport = broker, broker.transport
        self.topic, self.group = f"road.{new_id().hex}", f"group.{new_id().hex}"

    @property
    def prefix(self) -> str:
        return self.broker.streams.config.prefix

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
async def travel(
    url: str, *, prefix: str = "", server: dict[str, object] | None = None, **settings: object
) -> AsyncIterator[Road]:
    own = {**QUICK_SERVER, **(server or {})}
    async with broker_at(url, prefix=prefix, **{**QUICK, **settings}, server=own) as broker:
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
