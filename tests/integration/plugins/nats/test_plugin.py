"""The plugin in the life of an application, with its server and without."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fastapi_chassis.app import ApplicationAbstract, ApplicationGenericBuilder, Assembly, PluginStartError
from fastapi_chassis.domain import UnavailableException, new_id
from fastapi_chassis.messaging import Subscription, Transport
from fastapi_chassis.plugins.nats import NatsPlugin, NatsTransport
from fastapi_chassis.status import HealthStatusEnum
from fastapi_chassis.testing.backends.ports import free_port
from fastapi_chassis.testing.contracts.envelopes import envelope
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.integration.plugins.nats.conftest import QUICK, until, way_to

pytestmark = [pytest.mark.backends("nats"), pytest.mark.requirement("MSG-6")]


class Shop(ApplicationAbstract):
    name = "shop"
    plugins = (NatsPlugin,)


@asynccontextmanager
async def running(url: str, **settings: object) -> AsyncIterator[Assembly]:
    builder = ApplicationGenericBuilder(Shop).with_sources(environ={}, directory="/nonexistent")
    for name, value in {"url": url, **QUICK, **settings}.items():
        builder.with_setting(f"plugins.nats.{name}", value)
    assembly = builder.build().assembly
    assembly.container.open()
    try:
        await assembly.lifecycle.start()
        yield assembly
    finally:
        await assembly.container.close()
        await assembly.lifecycle.stop()


async def test_it_is_the_transport_of_the_service_and_members_leave_with_it(nats_url: str) -> None:
    topic, recorder = f"plugin.{new_id().hex}", Recorder()
    async with running(nats_url) as assembly:
        transport = await assembly.container.get(Transport)  # type: ignore[type-abstract]  # a port
        assert isinstance(transport, NatsTransport)
        await transport.subscribe(Subscription(f"group.{topic}", frozenset({topic})), recorder)
        await transport.publish([envelope(1, destination=topic)])
        await until(lambda: recorder.numbers == [1])
    with pytest.raises(UnavailableException):
        await transport.publish([envelope(2, destination=topic)])


async def test_required_the_service_does_not_start_without_it() -> None:
    with pytest.raises(PluginStartError, match="nats"):
        async with running(f"nats://127.0.0.1:{free_port()}"):
            pytest.fail("it started")


@pytest.mark.requirement("PLG-4")
async def test_not_required_the_service_starts_degraded_and_heals(nats_url: str) -> None:
    async with way_to(nats_url) as proxy:
        await proxy.down()
        async with running(proxy.url_for(nats_url), required=False) as assembly:
            transport = await assembly.container.get(Transport)  # type: ignore[type-abstract]  # a port
            await assembly.status.check()
            assert assembly.status.health() is HealthStatusEnum.DEGRADED
            with pytest.raises(UnavailableException):
                await transport.publish([envelope(1)])
            await proxy.up()
            async with asyncio.timeout(5):
                while assembly.status.health() is not HealthStatusEnum.HEALTHY:
                    await assembly.status.check()
            await transport.publish([envelope(1)])
