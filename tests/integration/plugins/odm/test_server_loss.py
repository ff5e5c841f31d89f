"""The server is killed and comes back: nothing that was acknowledged is lost, and nobody hangs."""

import asyncio
import signal
from collections.abc import Callable
from time import monotonic
from uuid import UUID

import pytest

from fastapi_chassis.domain import AlreadyExistsException, UnavailableException
from fastapi_chassis.plugins.odm import ODMConfig
from fastapi_chassis.plugins.odm.health import ping
from fastapi_chassis.plugins.odm.testing import open_store
from fastapi_chassis.status import HealthStatusEnum
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from fastapi_chassis.testing.backends.process import ProcessId
from fastapi_chassis.testing.contracts.samples import Sample, SampleRepository

PATIENCE = 60.0  # seconds


def kill(server: Backend) -> None:
    server.kill()


def shut_down_storage(server: Backend) -> None:
    """FerretDB stays, and hands on what the PostgreSQL under it says while it goes and comes."""
    if not server.pids:
        pytest.skip("the storage can't be shut down alone in a container")
    ProcessId.of(server.pids[0]).stop(signal.SIGINT)


@pytest.mark.requirement("REP-7")
@pytest.mark.parametrize("take_away", [kill, shut_down_storage])
async def test_what_was_acknowledged_survives_the_loss_of_the_server(
    private_backend: OpenBackend, take_away: Callable[[Backend], None]
) -> None:
    server = private_backend("ferretdb")
    config = ODMConfig.model_validate({"url": server.url, "database": "loss", "command_timeout": 4})
    acknowledged: list[UUID] = []
    stopped = asyncio.Event()
    slowest = 0.0
    async with open_store(config, SampleRepository) as store:

        async def write() -> None:
            nonlocal slowest
            while not stopped.is_set():
                sample, began = Sample(code=f"{len(acknowledged)}-{monotonic()}"), monotonic()
                try:
                    async with store.unit_of_work() as work:
                        sample.rename("kept")
                        await store.repository(SampleRepository)(work).add(sample)
                        await work.commit()
                except (UnavailableException, AlreadyExistsException):
                    await asyncio.sleep(0.05)
                else:
                    acknowledged.append(sample.id)
                slowest = max(slowest, monotonic() - began)

        async def is_away() -> bool:
            return (await ping(store.documents)).status is HealthStatusEnum.UNHEALTHY

        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(write())
            await asyncio.sleep(0.5)
            before = len(acknowledged)
            await asyncio.to_thread(take_away, server)
            await eventually(is_away, within=PATIENCE)
            await asyncio.to_thread(server.start)
            await eventually(lambda: len(acknowledged) >= before + 20, within=PATIENCE)
            stopped.set()
        assert before > 0
        assert slowest < 2 * config.command_timeout + 4

        async def is_all_kept() -> bool:
            if await is_away():  # FerretDB notices a dead connection to its storage only when it uses it
                return False
            try:
                kept = store.repository(SampleRepository)(store.unit_of_work())
                return set(acknowledged) <= {one.id async for one in kept.stream()}
            except UnavailableException:
                return False

        await eventually(is_all_kept, within=PATIENCE)
