"""The memory twin of the lock obeys the contract of every lock."""

from datetime import timedelta

import pytest

from fastapi_chassis.caching import InMemoryLock
from fastapi_chassis.domain import FrozenClock
from fastapi_chassis.testing.contracts.lock import LockContract, Pass


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def lock(clock: FrozenClock) -> InMemoryLock:
    return InMemoryLock(clock=clock)


@pytest.fixture
def time_passes(clock: FrozenClock) -> Pass:
    async def passing(by: timedelta) -> None:
        clock.advance(by)

    return passing


@pytest.mark.requirement("TST-1", "MISTAKE-7")
class TestLock(LockContract):
    contract_store = "memory"
