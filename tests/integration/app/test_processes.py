"""A process manager in three processes that are killed again and again: each beat is noted once, in order."""

import asyncio
import random
import sys
from pathlib import Path
from typing import cast

import pytest

from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyConfig, SqlAlchemyStore
from fastapi_chassis.plugins.sqlalchemy.testing import open_store
from tests.integration.app.beating_service import NAMES, Metronomes, Note, Notes, Players

SERVICE = Path(__file__).with_name("beating_service.py")
KILLS, BEATS = 6, 40
PATIENCE = 300.0  # seconds on a busy machine


class Process:
    """One process of the service."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def begin(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, str(SERVICE), self._url, stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout is not None
        assert await self._process.stdout.readline() == b"ready\n"

    async def kill(self) -> None:
        self._process.kill()
        await self._process.wait()


async def beats_of(store: SqlAlchemyStore) -> dict[str, list[int]]:
    """Reads what was noted, in the order of writing."""
    async with store.unit_of_work() as work:
        notes = store.repository(Notes)(work)
        found = cast("list[Note]", await notes.find(order=("id",)))
    return {name: [one.number for one in found if one.name == name] for name in NAMES}


@pytest.mark.requirement("MSG-8", "MSG-9")
@pytest.mark.backends("postgresql")
async def test_each_beat_is_noted_once_and_in_order_whoever_is_killed(postgresql_url: str) -> None:
    crew, kills = [Process(postgresql_url) for _ in range(3)], 0
    config = SqlAlchemyConfig.model_validate({"url": postgresql_url})
    async with open_store(config, Notes, Players, Metronomes) as store:
        try:
            async with asyncio.timeout(PATIENCE):
                for process in crew:
                    await process.begin()
                while kills < KILLS or min(map(len, (await beats_of(store)).values())) < BEATS:
                    await asyncio.sleep(random.uniform(0.2, 0.8))
                    if kills < KILLS:
                        victim = random.choice(crew)
                        await victim.kill()
                        await victim.begin()
                        kills += 1
        finally:
            for process in crew:
                await process.kill()
        beats = await beats_of(store)
    assert beats == {name: list(range(1, len(heard) + 1)) for name, heard in beats.items()}
