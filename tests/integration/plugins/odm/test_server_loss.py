"""The server is killed and comes back: nothing that was acknowledged is lost, and nobody hangs."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

import pytest

from fastapi_chassis.domain import AlreadyExistsException, UnavailableException
from fastapi_chassis.plugins.odm import ODMConfig, ODMStore
from fastapi_chassis.plugins.odm.health import ping
from fastapi_chassis.plugins.odm.testing import open_store
from fastapi_chassis.status import HealthStatusEnum
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from fastapi_chassis.testing.backends.process import ProcessId
from fastapi_chassis.testing.contracts.samples import Sample, SampleRepository

PATIENCE = 60.0  # seconds
TIMEOUT = 4  # seconds, of one command


@dataclass
class Written:
    """What several writers were told, while they go on whatever happens."""

    acknowledged: list[UUID] = field(default_factory=list)
    slowest: float = 0.0

    async def go_on(self, store: ODMStore) -> None:
        """Writes one after the other; an answer that the database is away is the only one that is fine."""
        repository = store.repository(SampleRepository)
        while True:
            sample, began = Sample(code=f"{len(self.acknowledged)}-{monotonic()}"), monotonic()
            try:
                async with store.unit_of_work() as work:
                    sample.rename("kept")
                    await repository(work).add(sample)
                    await work.commit()
            except (UnavailableException, AlreadyExistsException):
                await asyncio.sleep(0.05)
            else:
                self.acknowledged.append(sample.id)
            self.slowest = max(self.slowest, monotonic() - began)

    async def are_kept(self, store: ODMStore) -> bool:
        """Whether all that was acknowledged is there."""
        stored = {one.id async for one in store.repository(SampleRepository)(store.unit_of_work()).stream()}
        return set(self.acknowledged) <= stored


@asynccontextmanager
async def writing(store: ODMStore) -> AsyncIterator[Written]:
    """Has four writers at work for the length of a block; one that fails ends it."""
    written = Written()
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        writers = [group.create_task(written.go_on(store)) for _ in range(4)]
        await asyncio.sleep(0.5)
        assert written.acknowledged
        yield written
        before = len(written.acknowledged)
        await eventually(lambda: len(written.acknowledged) >= before + 20, within=PATIENCE)
        for writer in writers:
            writer.cancel()


async def health(store: ODMStore) -> HealthStatusEnum:
    return (await ping(store.documents)).status


def config_of(server: Backend) -> ODMConfig:
    return ODMConfig.model_validate({"url": server.url, "database": "loss", "command_timeout": TIMEOUT})


@pytest.mark.requirement("REP-7")
async def test_what_was_acknowledged_survives_the_loss_of_the_server(private_backend: OpenBackend) -> None:
    server = private_backend("ferretdb")
    async with open_store(config_of(server), SampleRepository) as store:
        async with writing(store) as written:
            await asyncio.to_thread(server.kill)
            assert await health(store) is HealthStatusEnum.UNHEALTHY
            await asyncio.to_thread(server.start)
        assert written.slowest < 2 * TIMEOUT + 4
        assert await health(store) is HealthStatusEnum.HEALTHY
        assert await written.are_kept(store)


@pytest.mark.requirement("REP-7")
async def test_a_server_whose_storage_goes_and_comes_is_away_meanwhile(private_backend: OpenBackend) -> None:
    server = private_backend("ferretdb")
    if not server.pids:
        pytest.skip("the storage can't be shut down alone in a container")
    async with open_store(config_of(server), SampleRepository) as store:
        async with writing(store) as written:
            await asyncio.to_thread(ProcessId.of(server.pids[0]).stop, signal.SIGINT)
            assert await health(store) is HealthStatusEnum.UNHEALTHY
            await asyncio.to_thread(server.start)
        assert written.slowest < 2 * TIMEOUT + 4

        async def is_healed() -> bool:
            """FerretDB notices that a connection to its storage is dead only when it uses it."""
            try:
                return await health(store) is HealthStatusEnum.HEALTHY and await written.are_kept(store)
            except UnavailableException:
                return False

        await eventually(is_healed)
