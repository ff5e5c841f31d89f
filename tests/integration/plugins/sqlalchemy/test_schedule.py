"""Three schedulers in three processes, killed at every point of a turn: each message leaves exactly once."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from fastapi_chassis.messaging import schedule_for
from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyConfig, SqlAlchemyStore
from fastapi_chassis.plugins.sqlalchemy.base import OUTBOX
from fastapi_chassis.plugins.sqlalchemy.testing import open_store
from fastapi_chassis.testing.contracts.envelopes import envelope
from tests.integration.plugins.sqlalchemy.dying_scheduler import POINTS

SCHEDULER = Path(__file__).with_name("dying_scheduler.py")
MESSAGES = 150
PATIENCE = 240.0  # seconds on a busy machine
WANTED_DEATHS = 3  # at each point, or the run says nothing


class Fleet:
    """Three processes; one that dies is followed by another."""

    def __init__(self, url: str) -> None:
        self.deaths: Counter[str] = Counter()
        self._url = url
        self._crew: list[asyncio.Task[None]] = []
        self._processes: set[asyncio.subprocess.Process] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Fleet"]:
        self._crew = [asyncio.create_task(self._keep_up(offset)) for offset in range(3)]
        try:
            yield self
        finally:
            for task in self._crew:
                task.cancel()
            await asyncio.gather(*self._crew, return_exceptions=True)
            for process in self._processes:
                process.kill()
                await process.wait()

    async def _keep_up(self, offset: int) -> None:
        turn = offset
        while True:
            rare = [point for point in POINTS[1:] if self.deaths[point] < WANTED_DEATHS]
            point = rare[turn % len(rare)] if rare else POINTS[0]
            turn += 1
            process = await asyncio.create_subprocess_exec(
                sys.executable, str(SCHEDULER), self._url, point, stderr=asyncio.subprocess.PIPE
            )
            self._processes.add(process)
            _, told = await process.communicate()
            self._processes.discard(process)
            assert process.returncode == -signal.SIGKILL, told.decode()
            self.deaths[point] += 1

    @property
    def has_died_enough(self) -> bool:
        """Whether every point was hit often enough; tells if a process failed otherwise."""
        for task in self._crew:
            if task.done():
                task.result()
        return all(self.deaths[point] >= WANTED_DEATHS for point in POINTS[1:])


async def write(store: SqlAlchemyStore, numbers: Iterable[int]) -> None:
    async with store.unit_of_work() as work:
        for number in numbers:
            key, wait = f"key {number}", timedelta(milliseconds=37 * (number % 20))
            await schedule_for(work.session).put(key, envelope(number, key=key), wait)
        await work.commit()


async def nothing_waits(store: SqlAlchemyStore) -> bool:
    async with store.unit_of_work() as work:
        return not (await schedule_for(work.session).outlook()).waiting


@pytest.mark.requirement("MSG-8")
@pytest.mark.backends("postgresql")
async def test_each_message_leaves_once_whoever_is_killed(postgresql_url: str) -> None:
    written = 0
    async with open_store(SqlAlchemyConfig.model_validate({"url": postgresql_url})) as store:
        async with Fleet(postgresql_url).running() as fleet, asyncio.timeout(PATIENCE):
            while written < MESSAGES or not fleet.has_died_enough or not await nothing_waits(store):
                if written < MESSAGES or not fleet.has_died_enough:
                    await write(store, range(written, written + 3))
                    written += 3
                await asyncio.sleep(0.05)
        question = select(OUTBOX.c.aggregateid)
        found = await store.database.read(lambda connection: connection.execute(question).scalars().all())
    assert Counter(found) == Counter(f"key {number}" for number in range(written))
