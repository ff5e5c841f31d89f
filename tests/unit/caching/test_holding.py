"""A block runs only while its lock is held."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import pytest

from fastapi_chassis.caching import InMemoryLock, LockedException, LockLostException, hold
from fastapi_chassis.domain import UnavailableException

SHORT = timedelta(milliseconds=60)
LONG = timedelta(minutes=5)


class Stealable(InMemoryLock):
    """A lock that can be away, hang, or be taken by another."""

    def __init__(self) -> None:
        super().__init__()
        self.renewals = 0
        self.is_away = False
        self.hangs = False

    async def renew(self, name: str, token: int, *, ttl: timedelta) -> bool:
        self.renewals += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.is_away:
            raise ConnectionError
        return await super().renew(name, token, ttl=ttl)

    async def release(self, name: str, token: int) -> bool:
        if self.is_away:
            raise ConnectionError
        return await super().release(name, token)

    def steal(self, name: str) -> None:
        del self._held[name]


@pytest.fixture
def lock() -> Stealable:
    return Stealable()


@pytest.fixture(autouse=True)
async def no_task_stays() -> AsyncIterator[None]:
    yield
    await asyncio.sleep(0)
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("lock ")] == []


@pytest.mark.requirement("MISTAKE-7")
async def test_the_block_is_not_entered_when_another_holds_it(lock: Stealable) -> None:
    async with hold(lock, "stock:42"):
        with pytest.raises(LockedException) as caught:
            async with hold(lock, "stock:42", wait=timedelta(milliseconds=20)):
                pytest.fail("the block was entered")
    assert isinstance(caught.value, UnavailableException)
    assert (caught.value.error_code, caught.value.retry_after) == ("LOCKED", 10)


async def test_it_is_renewed_for_as_long_as_the_block_runs(lock: Stealable) -> None:
    patient = 5 * SHORT  # a busy machine may stop everything for longer than SHORT
    async with hold(lock, "a", ttl=patient):
        await asyncio.sleep(patient.total_seconds() * 2.5)
        assert await lock.acquire("a", ttl=SHORT) is None
    assert lock.renewals >= 3


@pytest.mark.parametrize("trouble", ["stolen", "away", "hangs"])
async def test_a_block_that_lost_its_lock_is_ended(lock: Stealable, trouble: str) -> None:
    async def work() -> None:
        async with hold(lock, "a", ttl=SHORT):
            lock.is_away, lock.hangs = trouble == "away", trouble == "hangs"
            if trouble == "stolen":
                lock.steal("a")
            await asyncio.sleep(10)
            pytest.fail("the block went on")

    with pytest.raises(LockLostException):
        await work()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_short_absence_is_no_loss(lock: Stealable) -> None:
    async with hold(lock, "a", ttl=SHORT):
        lock.is_away = True
        await asyncio.sleep(SHORT.total_seconds() / 2)
        lock.is_away = False
        await asyncio.sleep(SHORT.total_seconds())
    assert lock.renewals >= 3


async def test_a_cancellation_from_outside_stays_one(lock: Stealable) -> None:
    entered = asyncio.Event()

    async def work() -> None:
        async with hold(lock, "a", ttl=LONG):
            entered.set()
            await asyncio.sleep(10)

    task = asyncio.create_task(work())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await lock.acquire("a", ttl=LONG) is not None


async def test_a_block_that_swallows_the_loss_is_told_in_the_end(lock: Stealable) -> None:
    async def work() -> None:
        async with hold(lock, "a", ttl=SHORT):
            lock.steal("a")
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(10)

    with pytest.raises(LockLostException):
        await work()


async def test_the_outcome_of_the_block_counts_when_the_lock_is_away_at_its_end(
    lock: Stealable, caplog: pytest.LogCaptureFixture
) -> None:
    async with hold(lock, "a", ttl=LONG):
        lock.is_away = True
    assert "not given back" in caplog.text
