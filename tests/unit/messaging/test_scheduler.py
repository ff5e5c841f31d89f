import asyncio
import logging
from datetime import timedelta
from typing import override

import pytest

from fastapi_chassis.application import InMemoryUnitOfWork
from fastapi_chassis.domain import FrozenClock, UnavailableException
from fastapi_chassis.messaging import Outlook, RetryConfig, Scheduler, SchedulerConfig, schedule_for
from fastapi_chassis.testing import eventually
from tests.unit.messaging.shop import Shop, created

DAY = timedelta(days=1)
QUICK = SchedulerConfig(poll=3_600, at_least=0.001, retry=RetryConfig(base=0.001, cap=0.002))


def nobody() -> None:
    return None


class Desk(Shop):
    async def put(self, *waits: timedelta) -> None:
        async with self.unit_of_work() as work:
            for number, wait in enumerate(waits):
                await schedule_for(work.session).put(f"key {number}", created(), wait)
            await work.commit()

    async def outlook(self) -> Outlook:
        return await schedule_for(self.unit_of_work().session).outlook()

    async def moved(self) -> int:
        return (await self.outbox.backlog()).count

    async def until_moved(self, number: int) -> None:
        async def are_moved() -> bool:
            return await self.moved() == number

        await eventually(are_moved)


@pytest.mark.requirement("MSG-8")
async def test_what_is_due_moves_into_the_outbox_and_wakes_the_relay() -> None:
    desk, woken = Desk(), asyncio.Event()
    await desk.put(timedelta(0), DAY, timedelta(0))
    assert await Scheduler(desk.unit_of_work, QUICK, wake=woken.set).move() == 2
    assert woken.is_set()
    assert (await desk.moved(), (await desk.outlook()).waiting) == (2, 1)


async def test_all_that_is_due_moves_however_small_the_batch() -> None:
    desk = Desk()
    await desk.put(*[timedelta(0)] * 7)
    assert await Scheduler(desk.unit_of_work, SchedulerConfig(batch=2), wake=nobody).move() == 7
    assert await desk.moved() == 7


async def test_it_sleeps_until_something_is_due_and_is_woken_by_what_comes_before() -> None:
    desk = Desk()
    scheduler = Scheduler(desk.unit_of_work, QUICK, wake=nobody)
    async with scheduler.running():
        await asyncio.sleep(0.05)
        await desk.put(timedelta(seconds=0.05))
        scheduler.wake()
        await desk.until_moved(1)


async def test_it_looks_by_itself_at_what_others_scheduled() -> None:
    desk = Desk()
    async with Scheduler(desk.unit_of_work, SchedulerConfig(poll=0.01), wake=nobody).running():
        await asyncio.sleep(0.05)
        await desk.put(timedelta(0))
        await desk.until_moved(1)


async def test_it_is_not_busy_where_nothing_is_due() -> None:
    turns = 0

    def counted() -> InMemoryUnitOfWork:
        nonlocal turns
        turns += 1
        return desk.unit_of_work()

    desk = Desk()
    await desk.put(DAY)
    async with Scheduler(counted, QUICK, wake=nobody).running():
        await asyncio.sleep(0.1)
    assert turns == 1


async def test_a_turn_that_fails_moves_nothing_and_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    faults = [UnavailableException("away"), LookupError("odd")]

    class Failing(InMemoryUnitOfWork):
        @override
        async def commit(self) -> None:
            if faults:
                raise faults.pop(0)
            await super().commit()

    desk = Desk()
    await desk.put(timedelta(0))
    with caplog.at_level(logging.INFO):
        async with Scheduler(lambda: Failing(desk.store), QUICK, wake=nobody).running():
            await desk.until_moved(1)
            await asyncio.sleep(0.01)
    assert faults == []
    assert "the store of schedules is away" in caplog.text or "the store of schedules failed" in caplog.text


async def test_a_clock_that_a_test_moves_counts() -> None:
    desk, clock = Desk(), FrozenClock()
    await desk.put(DAY)
    scheduler = Scheduler(desk.unit_of_work, QUICK, clock=clock, wake=nobody)
    assert await scheduler.move() == 0
    clock.advance(2 * DAY)
    assert await scheduler.move() == 1


async def test_it_finishes_its_turn_when_it_stops() -> None:
    has_begun, may_go_on = asyncio.Event(), asyncio.Event()

    class Slow(InMemoryUnitOfWork):
        @override
        async def commit(self) -> None:
            has_begun.set()
            await may_go_on.wait()
            await super().commit()

    desk = Desk()
    await desk.put(timedelta(0))
    async with Scheduler(lambda: Slow(desk.store), QUICK, wake=nobody).running():
        await has_begun.wait()
        asyncio.get_running_loop().call_later(0.02, may_go_on.set)
    assert await desk.moved() == 1


async def test_a_turn_that_takes_too_long_is_cut_off_and_has_moved_nothing() -> None:
    has_begun = asyncio.Event()

    class Stuck(InMemoryUnitOfWork):
        @override
        async def commit(self) -> None:
            has_begun.set()
            await asyncio.Event().wait()

    desk, config = Desk(), SchedulerConfig(stop_timeout=0.02)
    await desk.put(timedelta(0))
    async with Scheduler(lambda: Stuck(desk.store), config, wake=nobody).running():
        await has_begun.wait()
    assert (await desk.moved(), (await desk.outlook()).waiting) == (0, 1)
