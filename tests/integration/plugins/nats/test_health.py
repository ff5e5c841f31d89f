"""Health follows the server, and the groups."""

import asyncio

import pytest

from fastapi_chassis.plugins.nats.health import Observed, ping
from fastapi_chassis.status import HealthStatusEnum
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.chaos import Timeout
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.integration.plugins.nats.conftest import travel
from tests.integration.plugins.roads import way_to

pytestmark = [pytest.mark.backends("nats"), pytest.mark.requirement("MSG-6")]


async def test_it_turns_with_the_server(nats_url: str) -> None:
    async with way_to(nats_url) as proxy, travel(proxy.url_for(nats_url)) as road:
        observed = Observed(road.broker.publishing, road.broker.transport)
        component = await ping(observed)
        assert component.status is HealthStatusEnum.HEALTHY
        assert str(proxy.port) in component.detail
        await proxy.down()
        component = await ping(observed)
        assert component.status is HealthStatusEnum.UNHEALTHY
        assert str(proxy.port) in component.detail
        await proxy.up()
        async with asyncio.timeout(5):
            while (await ping(observed)).status is not HealthStatusEnum.HEALTHY:
                pass


async def test_a_group_that_gets_nothing_shows(nats_url: str) -> None:
    async with way_to(nats_url) as proxy, travel(proxy.url_for(nats_url)) as away, travel(nats_url) as road:
        observed = Observed(road.broker.publishing, away.broker.transport)
        await away.join(Recorder())
        await eventually(lambda: away.transport.absent == ())
        assert (await ping(observed)).status is HealthStatusEnum.HEALTHY
        with proxy.toxic(Timeout()):
            await eventually(lambda: away.transport.absent == (away.group,))
            component = await ping(observed)
            assert component.status is HealthStatusEnum.UNHEALTHY
            assert away.group in component.detail
        await eventually(lambda: away.transport.absent == ())
