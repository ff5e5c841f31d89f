"""Health follows the server, and the groups."""

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.aiopika.health import Observed, ping
from fastapi_chassis.status import HealthStatusEnum
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.integration.plugins.aiopika.conftest import RabbitRoad, travel
from tests.integration.plugins.aiopika.servers import FULL
from tests.integration.plugins.roads import way_to

pytestmark = [pytest.mark.backends("rabbitmq"), pytest.mark.requirement("MSG-6")]


async def test_it_turns_with_the_server(rabbitmq_url: str) -> None:
    async with way_to(rabbitmq_url) as proxy, travel(proxy.url_for(rabbitmq_url)) as road:
        observed = Observed(road.broker.publishing, road.broker.transport)
        assert (await ping(observed)).status is HealthStatusEnum.HEALTHY
        await proxy.down()
        component = await ping(observed)
        assert component.status is HealthStatusEnum.UNHEALTHY
        assert str(proxy.port) in component.detail
        assert "guest" not in component.detail
        await proxy.up()
        assert (await ping(observed)).status is HealthStatusEnum.HEALTHY


async def test_a_group_without_its_broker_shows(road: RabbitRoad) -> None:
    observed = Observed(road.broker.publishing, road.broker.transport)
    await road.join(Recorder())
    assert (await ping(observed)).status is HealthStatusEnum.HEALTHY
    channel = await road.broker.publishing.channel()
    await channel.queue_delete(road.group)
    await channel.close()
    await eventually(lambda: road.transport.absent == (road.group,))
    component = await ping(observed)
    if road.transport.absent:
        assert component.status is HealthStatusEnum.UNHEALTHY
        assert road.group in component.detail
    await eventually(lambda: road.transport.absent == ())
    assert (await ping(observed)).status is HealthStatusEnum.HEALTHY


async def test_a_server_without_room_is_waited_for_and_not_left(backend: OpenBackend) -> None:
    async with travel(backend(FULL).url, publish_timeout=1) as road:
        observed = Observed(road.broker.publishing, road.broker.transport)
        await road.join(Recorder())
        assert (await ping(observed)).status is HealthStatusEnum.HEALTHY
        connected = road.broker.publishing._lazy.wire
        for _ in range(2):
            with pytest.raises(UnavailableException):
                await road.transport.publish(road.batch(0, 3))
            component = await ping(observed)
            assert component.status is HealthStatusEnum.UNHEALTHY
            assert "for want of memory or disk" in component.detail
        with pytest.raises(UnavailableException):
            await road.broker.publishing.channel()
        assert road.broker.publishing._lazy.wire is connected
        assert road.transport.absent == ()
