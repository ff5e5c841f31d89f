"""Roads: a transport to a real server with a destination and a group, and what each must bear."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Protocol
from urllib.parse import urlsplit

import pytest

from fastapi_chassis.app import ApplicationAbstract, ApplicationGenericBuilder, Assembly, PluginStartError
from fastapi_chassis.domain import UnavailableException, new_id
from fastapi_chassis.messaging import Envelope, PublishFailed, Subscribed, Subscription, Transport
from fastapi_chassis.status import HealthStatusEnum
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.chaos import Proxy, Timeout, open_proxy
from fastapi_chassis.testing.contracts.envelopes import envelope
from fastapi_chassis.testing.contracts.transport import Recorder

BATCHES, SIZE = 60, 20


class WatchedTransport(Transport, Protocol):
    @property
    def absent(self) -> tuple[str, ...]: ...


class Broker(Protocol):
    @property
    def transport(self) -> WatchedTransport: ...


class Road[B: Broker]:
    """A transport, a destination and a group: of its own, or those of the road beside it."""

    def __init__(self, broker: B, beside: "Road[B] | None" = None) -> None:
        self.broker = broker
        self.topic = f"road.{new_id().hex}" if beside is None else beside.topic
        self.group = f"group.{new_id().hex}" if beside is None else beside.group

    @property
    def transport(self) -> WatchedTransport:
        return self.broker.transport

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


def way_to(url: str) -> AbstractAsyncContextManager[Proxy]:
    """A network that fails on demand before the server."""
    parts = urlsplit(url)
    return open_proxy(parts.hostname or "", parts.port or 0)


def first_numbers(recorders: Sequence[Recorder], key: str) -> list[int]:
    """The numbers of a key in the order in which they came first, one member behind the other."""
    came = [one.envelope for recorder in recorders for one in recorder.deliveries]
    return list(dict.fromkeys(int(one.payload) for one in came if one.key == key))


async def bring_back(server: Backend, how: str) -> None:
    """Takes a server away, by `kill`, `restart` or `freeze`, and brings it back."""
    if how == "restart":
        await asyncio.to_thread(server.restart)
    elif how == "kill":
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
    else:
        server.pause()
        await asyncio.sleep(4)
        server.resume()


class RoadSuite[B: Broker]:
    """What was confirmed arrives, in the order of its key, whatever happens to the server and on the way."""

    settling = 0.0  # seconds after which the server has a new group on its disk
    shares = True  # whether several members of a group get messages at once

    def travel(self, url: str, beside: Road[B] | None = None) -> AbstractAsyncContextManager[Road[B]]:
        raise NotImplementedError

    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    async def travelled(self, road: Road[B], disturb: Callable[[], Awaitable[object]]) -> int:
        """Publishes in the order of a relay while something happens, and waits until all has come."""
        recorder = Recorder(takes=0.001)
        await road.join(recorder)
        await asyncio.sleep(self.settling)
        disturbing: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        refused = 0
        for number in range(BATCHES):
            if number == BATCHES // 3:
                disturbing = asyncio.ensure_future(disturb())
            refused += await road.publish_until_confirmed(road.batch(number * SIZE, SIZE))
            await asyncio.sleep(0.01)
        await disturbing
        await eventually(lambda: len(set(recorder.numbers)) == BATCHES * SIZE, within=60)
        for key in range(5):
            assert first_numbers([recorder], str(key)) == list(range(key, BATCHES * SIZE, 5))
        return refused

    @pytest.mark.parametrize("how", ["kill", "restart", "freeze"])
    async def test_nothing_is_lost_or_out_of_order_whatever_happens_to_the_server(
        self, server: Backend, how: str
    ) -> None:
        async with self.travel(server.url) as road:
            assert await self.travelled(road, partial(bring_back, server, how)) > 0

    async def test_nothing_is_lost_or_out_of_order_when_connections_are_reset(self, url: str) -> None:
        async with way_to(url) as proxy:

            async def reset() -> None:
                for _ in range(3):
                    proxy.reset()
                    await asyncio.sleep(0.3)

            async with self.travel(proxy.url_for(url)) as road:
                assert await self.travelled(road, reset) > 0

    async def test_a_half_open_partition_is_noticed_on_both_ways_and_healed(self, url: str) -> None:
        async with way_to(url) as proxy, self.travel(proxy.url_for(url)) as road:
            recorder = Recorder()
            await road.join(recorder)
            await road.transport.publish(road.batch(0, 10))
            await eventually(lambda: len(recorder.numbers) == 10)
            with proxy.toxic(Timeout()):
                began = time.monotonic()
                with pytest.raises(UnavailableException):
                    await road.transport.publish(road.batch(10, 10))
                assert time.monotonic() - began < 3
                await eventually(lambda: road.transport.absent == (road.group,), within=5)
            await road.publish_until_confirmed(road.batch(20, 10))
            await eventually(lambda: set(range(20, 30)) <= set(recorder.numbers))
            assert road.transport.absent == ()

    async def test_members_keep_the_order_when_one_leaves(self, url: str) -> None:
        async with self.travel(url) as road, self.travel(url, road) as other:
            first, second = Recorder(takes=0.005), Recorder(takes=0.005)
            leaving = await road.join(first, concurrency=3)
            await other.join(second)
            publishing = asyncio.create_task(other.transport.publish(road.batch(0, 300, keys=30)))
            await eventually(lambda: first.done >= 10 and (second.done >= 10 or not self.shares))
            await leaving.stop()
            await publishing
            await eventually(lambda: second.done + first.done >= 300)
            assert sorted(first.numbers + second.numbers) == list(range(300))
            for key in range(30):
                assert first_numbers([first, second], str(key)) == list(range(key, 300, 30))


class SharedRoadSuite[B: Broker](RoadSuite[B]):
    """Members of a group hold leases, and share what there is to read."""

    async def test_what_a_dead_member_held_comes_to_another_in_its_order(self, url: str) -> None:
        async with (
            way_to(url) as proxy,
            self.travel(url) as living,
            self.travel(proxy.url_for(url), living) as dying,
        ):
            first, second = Recorder(takes=0.02), Recorder()
            await dying.join(first, concurrency=2)
            await living.transport.publish(living.batch(0, 200, keys=20))
            await eventually(lambda: first.done >= 20)
            await proxy.down()
            await living.join(second)
            await eventually(lambda: len(set(first.numbers + second.numbers)) == 200)
            begun = set(first.numbers)
            for key in range(20):
                came = first_numbers([second], str(key))
                assert came == sorted(came)
                assert set(range(key, 200, 20)) - set(came) <= begun

    async def test_a_member_that_comes_takes_its_part_of_the_work(self, url: str) -> None:
        async with self.travel(url) as road, self.travel(url, road) as other:
            first, second = Recorder(takes=0.002), Recorder(takes=0.002)
            await road.join(first, concurrency=2)
            await road.transport.publish(road.batch(0, 600, keys=30))
            await eventually(lambda: first.done >= 20)
            await other.join(second, concurrency=2)
            await eventually(lambda: first.done + second.done >= 600)
            assert sorted(first.numbers + second.numbers) == list(range(600))
            assert second.numbers
            for key in range(30):
                assert first_numbers([first, second], str(key)) == list(range(key, 600, 30))


@asynccontextmanager
async def running(application: type[ApplicationAbstract], **settings: object) -> AsyncIterator[Assembly]:
    """An application from its start to its end; settings are those of its only plugin."""
    builder = ApplicationGenericBuilder(application).with_sources(environ={}, directory="/nonexistent")
    (plugin,) = application.plugins
    for name, value in settings.items():
        builder.with_setting(f"plugins.{plugin.name}.{name}", value)
    assembly = builder.build().assembly
    assembly.container.open()
    try:
        await assembly.lifecycle.start()
        yield assembly
    finally:
        await assembly.container.close()
        await assembly.lifecycle.stop()


class TransportPluginSuite:
    """A plugin that brings a transport, in the life of an application, with its server and without."""

    application: type[ApplicationAbstract]
    transport: type[Transport]
    quick: Mapping[str, object]

    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def nowhere(self) -> str:
        raise NotImplementedError

    def running(self, url: str, **settings: object) -> AbstractAsyncContextManager[Assembly]:
        return running(self.application, url=url, **self.quick, **settings)

    async def test_it_is_the_transport_of_the_service_and_members_leave_with_it(self, url: str) -> None:
        topic, recorder = f"plugin.{new_id().hex}", Recorder()
        async with self.running(url) as assembly:
            transport = await assembly.container.get(Transport)  # type: ignore[type-abstract]  # a port
            assert isinstance(transport, self.transport)
            await transport.subscribe(Subscription(f"group.{topic}", frozenset({topic})), recorder)
            await transport.publish([envelope(1, destination=topic)])
            await eventually(lambda: recorder.numbers == [1])
        with pytest.raises(UnavailableException):
            await transport.publish([envelope(2, destination=topic)])

    async def test_required_the_service_does_not_start_without_it(self, nowhere: str) -> None:
        (plugin,) = self.application.plugins
        with pytest.raises(PluginStartError, match=plugin.name):
            async with self.running(nowhere):
                pytest.fail("it started")

    @pytest.mark.requirement("PLG-4")
    async def test_not_required_the_service_starts_degraded_and_heals(self, url: str) -> None:
        async with way_to(url) as proxy:
            await proxy.down()
            async with self.running(proxy.url_for(url), required=False) as assembly:
                transport = await assembly.container.get(Transport)  # type: ignore[type-abstract]  # a port

                async def is_healthy() -> bool:
                    await assembly.status.check()
                    return assembly.status.health() is HealthStatusEnum.HEALTHY

                assert not await is_healthy()
                assert assembly.status.health() is HealthStatusEnum.DEGRADED
                with pytest.raises(UnavailableException):
                    await transport.publish([envelope(1)])
                await proxy.up()
                await eventually(is_healthy)
                await transport.publish([envelope(1)])
