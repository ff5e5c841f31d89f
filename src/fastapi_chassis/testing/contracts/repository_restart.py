"""RestartContract: what a restart of the server in the middle of writing may take away, which is nothing."""

# ruff: noqa: D102 - a test says what it checks by its name

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from time import monotonic
from typing import Protocol
from uuid import UUID

from fastapi_chassis.domain import AppException, UnavailableException
from fastapi_chassis.testing.contracts.harness import RepositoryHarness
from fastapi_chassis.testing.contracts.samples import Sample, SampleRepository

WRITERS = 4
PATIENCE = 60.0  # seconds for the whole test
RECOVERY = 5.0  # seconds from the server's return to the first write that is acknowledged


class Restarts(Protocol):
    """A server that the test may take away."""

    def restart(self) -> None:
        """Stops the server in order, and starts it on the same data."""
        ...


@dataclass
class Written:
    """What one writer knows of one sample.

    Args:
        possible: the titles that it may have: the one that was acknowledged last, and those whose
            answers were lost since. None stands for no sample.
    """

    possible: set[str | None]

    def attempt(self, title: str | None) -> None:
        """Notes what may stand from now on."""
        self.possible.add(title)

    def succeed(self, title: str | None) -> None:
        """Notes what must stand from now on."""
        self.possible = {title}


class Writer:
    """Adds, changes and removes samples of its own, one command at a time.

    Args:
        store: where they are kept.
        number: tells its samples from those of others.
    """

    def __init__(self, store: RepositoryHarness, number: int) -> None:
        self._store = store
        self._codes = (f"{number}-{code}" for code in count())
        self.written: dict[UUID, Written] = {}
        self.last_success = 0.0
        self.refused: list[AppException] = []

    async def run(self, stopped: asyncio.Event) -> None:
        """Writes until it is told to stop."""
        while not stopped.is_set():
            sample = Sample(code=next(self._codes))
            written = self.written[sample.id] = Written({None})
            for title in ("added", "changed", None):
                if title is None and len(self.written) % 2:
                    break
                written.attempt(title)
                try:
                    await self._write(sample, title)
                except AppException as refused:
                    self.refused.append(refused)
                    await asyncio.sleep(0.02)
                    break
                written.succeed(title)
                self.last_success = monotonic()

    async def _write(self, sample: Sample, title: str | None) -> None:
        async with self._store.unit_of_work() as unit_of_work:
            samples = self._store.repository(SampleRepository, unit_of_work)
            if title is None:
                await samples.remove(sample)
            elif sample.title:
                sample.title = title
                await samples.update(sample)
            else:
                sample.title = title
                await samples.add(sample)
            await unit_of_work.commit()


class RestartContract:
    """What every repository with a server of its own does while that is restarted.

    A test class supplies the fixtures `store`, and `server`, which nobody else uses.
    """

    async def test_what_was_acknowledged_survives_a_restart_in_the_middle(
        self, store: RepositoryHarness, server: Restarts
    ) -> None:
        writers = [Writer(store, number) for number in range(WRITERS)]
        stopped = asyncio.Event()
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            for writer in writers:
                group.create_task(writer.run(stopped))
            await _until(lambda: all(len(writer.written) > 3 for writer in writers))
            await asyncio.to_thread(server.restart)
            returned = monotonic()
            await _until(lambda: all(writer.last_success > returned for writer in writers))
            assert monotonic() - returned < RECOVERY
            stopped.set()
        refused = [each for writer in writers for each in writer.refused]
        assert all(isinstance(each, UnavailableException) for each in refused), refused
        await _assert_kept(store, writers)


async def _assert_kept(store: RepositoryHarness, writers: list[Writer]) -> None:
    found = {
        one.id: one.title async for one in store.repository(SampleRepository, store.unit_of_work()).stream()
    }
    known = {key: written for writer in writers for key, written in writer.written.items()}
    assert found.keys() <= known.keys()
    lost = {key: written for key, written in known.items() if found.get(key) not in written.possible}
    assert not lost, f"{len(lost)} of {len(known)} samples are not as they were acknowledged: {lost}"
    assert any(written.possible == {None} for written in known.values()), "no removal was acknowledged"


async def _until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 - a writer tells no event
        await asyncio.sleep(0.01)
