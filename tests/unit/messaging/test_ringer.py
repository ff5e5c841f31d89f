import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext

from fastapi_chassis.messaging.config import RetryConfig
from fastapi_chassis.messaging.ringer import Ringer
from tests.unit.messaging.test_relay import until

RETRY = RetryConfig(base=0.001, cap=0.01)


class Bell:
    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.rings = 0

    async def ring(self) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.rings += 1

    def listening(self, heard: Callable[[], None]) -> AbstractAsyncContextManager[None]:
        return nullcontext()


async def test_many_commits_are_one_ring() -> None:
    bell = Bell()
    async with Ringer(bell, RETRY).running() as ringer:
        for _ in range(1_000):
            ringer.wake()
        await asyncio.sleep(0.05)
        assert bell.rings == 1
        ringer.wake()
        await until(lambda: bell.rings == 2)


async def test_a_bell_that_is_away_is_rung_at_the_next_commit() -> None:
    bell = Bell(OSError("away"))
    async with Ringer(bell, RETRY).running() as ringer:
        ringer.wake()
        await until(lambda: not bell.faults)
        ringer.wake()
        await until(lambda: bell.rings == 1)


async def test_without_a_bell_nothing_happens() -> None:
    async with Ringer(None, RETRY).running() as ringer:
        ringer.wake()
