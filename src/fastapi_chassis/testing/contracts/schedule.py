"""What every schedule store promises: messages that wait for their time, and leave once."""

# ruff: noqa: D102 - a test says what it checks by its name

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from hypothesis import HealthCheck, given, settings

from fastapi_chassis.application import AbstractUnitOfWork
from fastapi_chassis.messaging import (
    Due,
    Envelope,
    OutboxStore,
    Outlook,
    Scheduler,
    SchedulerConfig,
    schedule_for,
)
from fastapi_chassis.testing.contracts.envelopes import any_envelopes, envelope, numbers
from fastapi_chassis.testing.waiting import eventually

NOW, LATER = timedelta(0), timedelta(hours=1)
BARELY = timedelta(minutes=5)  # a busy machine is slow, and clocks of server and test differ a little


class ScheduleHarness(Protocol):
    """One store, empty when a test begins."""

    def unit_of_work(self) -> AbstractUnitOfWork:
        """Makes a unit of work that is not begun."""
        ...

    def outbox(self) -> OutboxStore:
        """Returns the outbox as the relay sees it: each call is its own transaction."""
        ...


async def put(store: ScheduleHarness, key: str, one: Envelope, due: datetime | timedelta) -> None:
    """Schedules a message in a transaction of its own."""
    async with store.unit_of_work() as work:
        await schedule_for(work.session).put(key, one, due)
        await work.commit()


async def cancel(store: ScheduleHarness, key: str) -> bool:
    """Takes a message back in a transaction of its own."""
    async with store.unit_of_work() as work:
        was_there = await schedule_for(work.session).cancel(key)
        await work.commit()
    return was_there


async def take(store: ScheduleHarness, *, limit: int = 100, now: datetime | None = None) -> Due:
    """Takes out what is due in a transaction of its own."""
    async with store.unit_of_work() as work:
        due = await schedule_for(work.session).take(limit=limit, now=now)
        await work.commit()
    return due


async def outlook(store: ScheduleHarness, *, now: datetime | None = None) -> Outlook:
    """Tells what waits."""
    async with store.unit_of_work() as work:
        return await schedule_for(work.session).outlook(now=now)


async def is_empty(store: ScheduleHarness) -> bool:
    """Tells whether nothing waits any more."""
    return not (await outlook(store)).waiting


async def taken(store: ScheduleHarness, *, limit: int = 100, now: datetime | None = None) -> list[int]:
    """Reads the numbers of what is due."""
    return numbers((await take(store, limit=limit, now=now)).envelopes)


class ScheduleContract:
    """Everything that a schedule store promises; a subclass supplies `store`, a ScheduleHarness."""

    async def test_what_is_due_is_taken_once(self, store: ScheduleHarness) -> None:
        await put(store, "a", envelope(1), NOW)
        assert await taken(store) == [1]
        assert await taken(store) == []

    async def test_what_is_not_due_stays(self, store: ScheduleHarness) -> None:
        await put(store, "a", envelope(1), LATER)
        due = await take(store)
        assert due.envelopes == ()
        assert due.next_in is not None
        assert LATER - BARELY < due.next_in <= LATER

    async def test_nothing_waits_in_an_empty_store(self, store: ScheduleHarness) -> None:
        assert await take(store) == Due()
        assert await outlook(store) == Outlook(0)

    async def test_a_span_ends(self, store: ScheduleHarness) -> None:
        await put(store, "a", envelope(1), timedelta(seconds=1))
        first = await take(store)
        if first.envelopes == ():  # on a machine that is not too busy
            assert first.next_in is not None
            await asyncio.sleep(first.next_in.total_seconds())
            assert await taken(store) == [1]

    async def test_a_time_of_day_is_kept(self, store: ScheduleHarness) -> None:
        await put(store, "past", envelope(1), datetime.now(UTC) - LATER)
        await put(store, "future", envelope(2), datetime.now(UTC) + LATER)
        assert await taken(store) == [1]
        found = (await outlook(store)).next_in
        assert found is not None
        assert LATER - BARELY < found < LATER + BARELY

    async def test_messages_come_in_the_order_of_their_times(self, store: ScheduleHarness) -> None:
        now = datetime.now(UTC)
        for number in (3, 1, 2):
            await put(store, f"key {number}", envelope(number), now - LATER + timedelta(seconds=number))
        assert await taken(store) == [1, 2, 3]

    async def test_the_oldest_come_first_where_there_are_many(self, store: ScheduleHarness) -> None:
        now = datetime.now(UTC)
        for number in range(5):
            await put(store, f"key {number}", envelope(number), now - LATER + timedelta(seconds=number))
        assert (await take(store, limit=2)).next_in == NOW
        assert await taken(store, limit=2) == [2, 3]
        assert await taken(store, limit=2) == [4]

    async def test_a_key_that_is_used_again_replaces(self, store: ScheduleHarness) -> None:
        await put(store, "a", envelope(1), NOW)
        await put(store, "a", envelope(2), LATER)
        assert await taken(store) == []
        assert (await outlook(store)).waiting == 1
        await put(store, "a", envelope(3), NOW)
        assert await taken(store) == [3]
        assert (await outlook(store)).waiting == 0

    async def test_what_was_cancelled_never_comes(self, store: ScheduleHarness) -> None:
        await put(store, "a", envelope(1), NOW)
        await put(store, "b", envelope(2), NOW)
        assert await cancel(store, "a")
        assert not await cancel(store, "a")
        assert await taken(store) == [2]
        assert not await cancel(store, "b")

    async def test_a_rollback_schedules_nothing(self, store: ScheduleHarness) -> None:
        async with store.unit_of_work() as work:
            await schedule_for(work.session).put("a", envelope(1), NOW)
        assert await outlook(store) == Outlook(0)

    async def test_a_rollback_cancels_nothing(self, store: ScheduleHarness) -> None:
        await put(store, "a", envelope(1), NOW)
        async with store.unit_of_work() as work:
            assert await schedule_for(work.session).cancel("a")
        assert await taken(store) == [1]

    async def test_a_rollback_takes_nothing(self, store: ScheduleHarness) -> None:
        await put(store, "a", envelope(1), NOW)
        async with store.unit_of_work() as work:
            assert len((await schedule_for(work.session).take(limit=10)).envelopes) == 1
        assert await taken(store) == [1]

    async def test_a_transaction_sees_what_it_scheduled(self, store: ScheduleHarness) -> None:
        async with store.unit_of_work() as work:
            schedule = schedule_for(work.session)
            await schedule.put("a", envelope(1), NOW)
            assert await schedule.cancel("a")
            await schedule.put("a", envelope(2), NOW)
            await work.commit()
        assert await taken(store) == [2]

    async def test_of_many_that_take_at_once_each_message_goes_to_one(self, store: ScheduleHarness) -> None:
        for number in range(20):
            await put(store, f"key {number}", envelope(number), NOW)

        async def some() -> list[int]:
            async with store.unit_of_work() as work:
                due = await schedule_for(work.session).take(limit=4)
                await asyncio.sleep(0.02)
                await work.commit()
            return numbers(due.envelopes)

        found: list[int] = []
        for _ in range(20):  # who meets rows of others may go without
            found += [number for part in await asyncio.gather(*(some() for _ in range(3))) for number in part]
            if len(found) == 20:
                break
        assert sorted(found) == list(range(20))

    async def test_what_is_put_while_it_is_taken_is_not_lost(self, store: ScheduleHarness) -> None:
        await put(store, "a", envelope(1), NOW)
        has_taken = asyncio.Event()

        async def taking() -> list[int]:
            async with store.unit_of_work() as work:
                due = await schedule_for(work.session).take(limit=4)
                has_taken.set()
                await asyncio.sleep(0.1)
                await work.commit()
            return numbers(due.envelopes)

        first = asyncio.create_task(taking())
        await has_taken.wait()
        await put(store, "a", envelope(2), NOW)
        assert await first == [1]
        assert await taken(store) == [2]

    async def test_a_time_that_is_given_counts(self, store: ScheduleHarness) -> None:
        due = datetime(2040, 1, 1, tzinfo=UTC)
        await put(store, "a", envelope(1), due)
        assert (await outlook(store, now=due - LATER)) == Outlook(1, LATER)
        assert (await outlook(store, now=due + LATER)) == Outlook(1, NOW)
        assert (await take(store, now=due - LATER)) == Due((), LATER)
        assert await taken(store, now=due) == [1]

    async def test_messages_come_as_they_were_put(self, store: ScheduleHarness) -> None:
        @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(any_envelopes())
        def check(envelopes: Sequence[Envelope]) -> None:
            thought_of.append(list(envelopes))

        thought_of: list[list[Envelope]] = []
        check()
        for envelopes in thought_of:
            for number, one in enumerate(envelopes):
                await put(store, f"key {number}", one, datetime.now(UTC) - LATER + timedelta(seconds=number))
            assert list((await take(store)).envelopes) == envelopes

    async def test_schedulers_side_by_side_move_each_message_once(self, store: ScheduleHarness) -> None:
        for number in range(30):
            await put(store, f"key {number}", envelope(number, key=f"key {number}"), NOW)
        config, woken = SchedulerConfig(batch=4, at_least=0.01), []
        schedulers = [
            Scheduler(store.unit_of_work, config, wake=lambda: woken.append(True)) for _ in range(3)
        ]
        async with schedulers[0].running(), schedulers[1].running(), schedulers[2].running():
            await eventually(lambda: is_empty(store), within=60)
        assert (await store.outbox().backlog()).count == 30
        assert woken

    async def test_a_scheduler_sleeps_until_something_is_due(self, store: ScheduleHarness) -> None:
        await put(store, "a", envelope(1), timedelta(seconds=0.5))
        scheduler = Scheduler(store.unit_of_work, SchedulerConfig(poll=3_600), wake=lambda: None)
        async with scheduler.running():
            await eventually(lambda: is_empty(store), within=60)
        assert (await store.outbox().backlog()).count == 1
