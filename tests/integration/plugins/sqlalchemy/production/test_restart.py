"""The server is restarted, killed and frozen while clients send commands and queries."""

import asyncio
import time

import pytest

from fastapi_chassis.status import HealthStatusEnum, StatusService
from fastapi_chassis.testing import eventually
from tests.integration.plugins.sqlalchemy.production.bank import all_given_back, open_bank
from tests.integration.plugins.sqlalchemy.production.load import assert_problems, clients

pytestmark = [pytest.mark.backends("postgresql"), pytest.mark.requirement("REP-5")]

RECOVERY = 5.0  # seconds from the server's first accept to the first success
CHECKED = 0.2  # seconds between two looks at the health


def watched(app):
    """The status service, which looks at the database more often than in production."""
    status = app.application.assembly.status
    assert isinstance(status, StatusService)
    (plugin,) = app.application.assembly.plugins
    from fastapi_chassis.plugins.sqlalchemy.health import ping

    status.unregister("sqlalchemy")
    status.register("sqlalchemy", lambda: ping(plugin.store().database), interval=CHECKED, timeout=1)
    return status


async def becomes(status, wanted):
    begun = time.monotonic()
    await eventually(lambda: status.components[0].status is wanted)
    return time.monotonic() - begun


async def stop_and_start(server):
    await asyncio.to_thread(server.stop)
    await asyncio.sleep(0.5)
    await asyncio.to_thread(server.start)


async def kill_and_start(server):
    await asyncio.to_thread(server.kill)
    await asyncio.sleep(0.5)
    await asyncio.to_thread(server.start)


@pytest.mark.parametrize("again", [stop_and_start, kill_and_start])
async def test_a_restart_under_load(private_backend, again):
    server = private_backend("postgresql")
    async with open_bank(server.url) as app:
        async with clients(app) as load:
            await asyncio.sleep(0.5)
            assert not load.failed
            await again(server)
            accepted = time.monotonic()
            await asyncio.sleep(1.5)
        assert load.first_success(accepted) <= RECOVERY
        assert load.failed
        assert_problems(load.failed)
        late = [answer for answer in load.failed if answer.began > accepted + RECOVERY]
        assert not late
        await all_given_back(app)
        stored = (await app.client.get("/accounts")).json()
        # nothing that was acknowledged is lost; a commit whose answer was lost may stand
        posts = sum(answer.method == "POST" for answer in load.failed)
        assert load.acknowledged <= stored <= load.acknowledged + posts


async def test_a_frozen_server_is_waited_for_no_longer_than_configured(private_backend):
    server = private_backend("postgresql")
    patience = {"command_timeout": 0.7, "statement_timeout": 0.6, "connect_timeout": 0.7, "pool_timeout": 0.7}
    async with open_bank(server.url, **patience) as app:
        async with clients(app) as load:
            await asyncio.sleep(0.3)
            server.pause()
            await asyncio.sleep(3)
            server.resume()
            thawed = time.monotonic()
            await asyncio.sleep(1)
        assert load.failed
        assert_problems(load.failed)
        assert max(answer.took for answer in load.answers) < 3
        assert load.first_success(thawed) <= RECOVERY
        await all_given_back(app)


async def test_the_health_follows_the_server_and_the_process_lives(private_backend):
    server = private_backend("postgresql")
    async with open_bank(server.url) as app:
        status = watched(app)
        await becomes(status, HealthStatusEnum.HEALTHY)
        assert (await app.client.get("/api/health/ready")).status_code == 200
        await asyncio.to_thread(server.kill)
        assert await becomes(status, HealthStatusEnum.UNHEALTHY) <= CHECKED + 1
        assert (await app.client.get("/api/health/ready")).status_code == 503
        assert (await app.client.get("/api/health/live")).status_code == 200
        await asyncio.to_thread(server.start)
        assert await becomes(status, HealthStatusEnum.HEALTHY) <= CHECKED + 1
        assert (await app.client.get("/api/health/ready")).status_code == 200
