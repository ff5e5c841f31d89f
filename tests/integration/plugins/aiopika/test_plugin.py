"""The plugin in the life of an application, with its server and without."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fastapi_chassis.app import ApplicationAbstract, ApplicationGenericBuilder, Assembly, PluginStartError
from fastapi_chassis.domain import UnavailableException, new_id
from fastapi_chassis.messaging import Subscription, Transport
from fastapi_chassis.plugins.aiopika import AioPikaPlugin, AioPikaTransport
from fastapi_chassis.status import HealthStatusEnum
from fastapi_chassis.testing.backends.ports import free_port
from fastapi_chassis.testing.contracts.envelopes import envelope
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.integration.plugins.aiopika.conftest import QUICK, until, way_to

pytestmark = [pytest.mark.backends("rabbitmq"), pytest.mark.requirement("MSG-6")]


class Shop(ApplicationAbstract):
    name = "shop"
    plugins = (AioPikaPlugin,)


@asynccontextmanager
async def running(url: str, **settings: object) -> AsyncIterator[Assembly]:
    builder = ApplicationGenericBuilder(Shop).with_sources(environ={}, directory="/nonexistent")
    for name, value in {"url": url, **QUICK, **settings}.items():
        builder.with_setting(f"plugins.aiopika.{name}", value)
    assembly = builder.build().assembly
    assembly.container.open()
    try:
        await assembly.lifecycle.start()
        yield assembly
    finally:
        await assembly.container.close()
        await assembly.lifecycle.stop()


async def test_it_is_the_transport_of_the_service_and_members_leave_with_it(rabbitmq_url: str) -> None:
    topic, recorder = f"plugin.{new_id().hex}", Recorder()
    async with running(rabbitmq_url) as assembly:
        transport = await assembly.container.get(Transport)  # type: ignore[type-abstract]  # a port
        assert isinstance(transport, AioPikaTransport)
        await transport.subscribe(Subscription(f"group.{topic}", frozenset({topic})), recorder)
        await transport.publish([envelope(1, destination=topic)])
        await until(lambda: recorder.numbers == [1])
    with pytest.raises(UnavailableException):
        await transport.publish([envelope(2, destination=topic)])


async def test_required_the_service_does_not_start_without_it() -> None:
    with pytest.raises(PluginStartError, match="aiopika"):
        async with running(f"amqp://127.0.0.1:{free_port()}/"):
            pytest.fail("it started")


@pytest.mark.requirement("PLG-4")
async def test_not_required_the_service_starts_degraded_and_heals(rabbitmq_url: str) -> None:
    async with way_to(rabbitmq_url) as proxy:
        await proxy.down()
        async with running(proxy.url_for(rabbitmq_url), required=False) as assembly:
            transport = await assembly.container.get(Transport)  # type: ignore[type-abstract]  # a port
            await assembly.status.check()
            assert assembly.status.health() is HealthStatusEnum.DEGRADED
            with pytest.raises(UnavailableException):
                await transport.publish([envelope(1)])
            await proxy.up()
            await assembly.status.check()
            assert assembly.status.health() is HealthStatusEnum.HEALTHY
            await transport.publish([envelope(1)])
