"""Scheduled messages on MongoDB: whoever is killed, and whenever, each leaves once or was taken back."""

import asyncio
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import (
    Due,
    Envelope,
    Scheduler,
    SchedulerConfig,
    outbox_for,
    schedule_for,
)
from fastapi_chassis.plugins.odm import ODMConfig, ODMStore, schedule, waiting
from fastapi_chassis.plugins.odm.testing import open_store
from fastapi_chassis.testing.contracts.envelopes import envelope, numbers
from fastapi_chassis.testing.contracts.outbox import claimed
from fastapi_chassis.testing.contracts.samples import Sample, SampleRepository
from tests.integration.plugins.odm.dying_writer import KEY, LEASE, REMINDER, WHILE, begin, change, move

pytestmark = [pytest.mark.backends("ferretdb"), pytest.mark.timeout(400)]

WORKER = Path(__file__).with_name("dying_writer.py")
MOST = 15  # writes that no work needs
NOW, LATER = timedelta(0), timedelta(hours=1)


@pytest.fixture
async def samples(config: ODMConfig) -> AsyncIterator[ODMStore]:
    async with open_store(config, SampleRepository) as store:
        yield store


async def killed_before(config: ODMConfig, scenario: str, write: int) -> bool:
    """Does the work in a process that dies before its n-th write; False if it sent fewer."""
    url, name = config.url.get_secret_value(), config.database
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(WORKER), url, name, scenario, str(write)), stderr=asyncio.subprocess.PIPE
    )
    _, told = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode in {0, -signal.SIGKILL}, told.decode()
    return process.returncode != 0


async def left(store: ODMStore) -> list[int]:
    """Moves what is due, and what comes free again, until nothing waits; reads what has left."""
    async with asyncio.timeout(60):
        while True:
            await move(store)
            if not (await store.schedule().outlook()).waiting:
                break
            await asyncio.sleep(LEASE.total_seconds() / 4)
    claim = await claimed(store.outbox(), lease=LEASE)
    return numbers(entry.envelope for entry in claim.entries)


@pytest.mark.requirement("MSG-8", "REP-7")
@pytest.mark.parametrize("scenario", ["move", "cancel", "replace"])
async def test_killed_before_any_write_no_message_is_lost_or_doubled(
    samples: ODMStore, config: ODMConfig, scenario: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LEASE", LEASE)
    deaths: Counter[bool] = Counter()
    seen: set[bool] = set()
    for write in range(1, MOST):
        for name in samples.documents.layout.carrying:
            await samples.documents.mongo[name].delete_many({})
        await begin(samples)
        was_killed = await killed_before(config, scenario, write)
        deaths[was_killed] += 1
        sample = await samples.repository(SampleRepository)(samples.unit_of_work()).get(KEY)
        seen.add(sample.amount == 1)
        wanted = ([2] if scenario == "replace" else []) if sample.amount else [1]
        assert await left(samples) == wanted, f"killed before write {write}"
        if not was_killed:
            break
    assert deaths[False] == 1
    assert deaths[True] >= 3, "the fuse never burnt: there was nothing to be killed between"
    assert seen == ({False} if scenario == "move" else {False, True})


@pytest.mark.requirement("MSG-8", "REP-7")
async def test_a_message_waits_in_the_document_of_the_work_that_scheduled_it(samples: ODMStore) -> None:
    await begin(samples)
    (document,) = await samples.documents.mongo["sample"].find().to_list()
    assert [one["key"] for one in document["_schedule"]] == [REMINDER]
    await change(samples, "cancel")
    (document,) = await samples.documents.mongo["sample"].find().to_list()
    assert document["_schedule"] == []
    assert document["amount"] == 1


async def test_it_outlives_what_it_lay_beside(samples: ODMStore) -> None:
    await begin(samples)
    async with samples.unit_of_work() as work:
        repository = samples.repository(SampleRepository)(work)
        await repository.remove(await repository.get(KEY))
        await work.commit()
    assert await left(samples) == [1]
    assert await samples.documents.mongo["sample"].count_documents({"_schedule.0": {"$exists": True}}) == 0


@pytest.mark.requirement("MSG-8")
async def test_what_is_taken_out_just_now_can_t_be_taken_back(samples: ODMStore, config: ODMConfig) -> None:
    await put(samples, "a", NOW)
    async with open_store(config, SampleRepository) as other:
        async with samples.unit_of_work() as work:
            assert numbers((await schedule_for(work.session).take(limit=1)).envelopes) == [1]
            cancelling = asyncio.create_task(other.schedule().cancel("a"))
            await asyncio.sleep(0.1)
            assert not cancelling.done()
            await work.commit()
        assert not await cancelling


@pytest.mark.requirement("MSG-8")
async def test_what_is_taken_back_just_now_is_not_taken_out(samples: ODMStore, config: ODMConfig) -> None:
    await put(samples, "a", NOW)
    async with open_store(config, SampleRepository) as other:
        async with samples.unit_of_work() as work:
            assert await schedule_for(work.session).cancel("a")
            due = await other.schedule().take(limit=1)
            assert due.envelopes == ()
            assert due.next_in is not None
            assert NOW < due.next_in <= waiting.LEASE
            await work.commit()
        assert await other.schedule().take(limit=1) == Due()


async def test_what_is_kept_too_long_is_told(samples: ODMStore, config: ODMConfig) -> None:
    await put(samples, "a", NOW)
    hasty = config.model_copy(update={"lock_timeout": 0.1})
    async with samples.unit_of_work() as work, open_store(hasty, SampleRepository) as other:
        assert await schedule_for(work.session).cancel("a")
        with pytest.raises(UnavailableException, match="still writing"):
            await other.schedule().put("a", envelope(2), NOW)


async def test_of_two_that_are_put_at_once_the_later_counts(samples: ODMStore) -> None:
    async with samples.unit_of_work() as first, samples.unit_of_work() as second:
        await schedule_for(first.session).put("a", envelope(1), NOW)
        await schedule_for(second.session).put("a", envelope(2), NOW)
        await second.commit()
        await first.commit()
    assert numbers((await samples.schedule().take(limit=5)).envelopes) == [2]
    assert (await samples.schedule().outlook()).waiting == 0


async def test_what_is_taken_at_once_fits_into_a_document(
    samples: ODMStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "MOST_BYTES", 10)
    for number in range(100, 105):
        await put(samples, f"key {number}", NOW, number)
    due = await samples.schedule().take(limit=100)
    assert numbers(due.envelopes) == [100, 101, 102]
    assert due.next_in == NOW
    assert numbers((await samples.schedule().take(limit=100)).envelopes) == [103, 104]


async def test_the_next_is_known_whatever_lies_beside_it(samples: ODMStore) -> None:
    async with samples.unit_of_work() as work:
        await schedule_for(work.session).put("due", envelope(1), NOW)
        await schedule_for(work.session).put("late", envelope(2), LATER * 2)
        await work.commit()
    await put(samples, "soon", LATER)
    async with samples.unit_of_work() as work:
        due = await schedule_for(work.session).take(limit=5)
        await outbox_for(work.session).add(due.envelopes)
        await work.commit()
    assert due.next_in is not None
    assert due.next_in <= LATER
    assert (await samples.schedule().outlook()).waiting == 2


async def test_a_message_of_two_units_at_once_is_refused_to_the_second(samples: ODMStore) -> None:
    """The note is unique: who was stopped for longer than the lease, and goes on, is refused."""
    await begin(samples)
    async with samples.unit_of_work() as late:
        schedule_of_late = schedule_for(late.session)
        due = await schedule_of_late.take(limit=5, now=await samples.documents.now() + 2 * WHILE)
        assert numbers(due.envelopes) == [1]
        late.session.loans.clear()  # as one that does not look again
        await expire(samples)
        assert await left(samples) == [1]
        await outbox_for(late.session).add(due.envelopes)
        with pytest.raises(Exception, match="somebody else did the same"):
            await late.commit()
    assert (await samples.outbox().backlog()).count == 1


@pytest.mark.requirement("MSG-8", "REP-7")
async def test_what_was_taken_back_never_leaves_and_all_else_does_once(config: ODMConfig) -> None:
    patient = config.model_copy(update={"lock_timeout": 60})
    taken_back: dict[int, bool] = {}
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(open_store(patient, SampleRepository)) for _ in range(3)]
        for store in stores:
            often = SchedulerConfig(batch=3, poll=0.02)
            scheduler = Scheduler(store.unit_of_work, often, wake=lambda: None)
            await stack.enter_async_context(scheduler.running())

        async def lane(key: str, several: range) -> None:
            for number in several:
                wait = timedelta(milliseconds=random.randint(0, 60))
                await random.choice(stores).schedule().put(key, envelope(number), wait)
                await asyncio.sleep(random.random() * 0.1)
                async with random.choice(stores).unit_of_work() as work:
                    was_there = await schedule_for(work.session).cancel(key)
                    await stores[0].repository(SampleRepository)(work).add(Sample(code=f"{number}"))
                    await asyncio.sleep(random.random() * 0.03)
                    await work.commit()
                taken_back[number] = was_there

        async with asyncio.timeout(90):
            await asyncio.gather(*(lane(f"lane {n}", range(n * 10, n * 10 + 10)) for n in range(6)))
        claim = await claimed(stores[0].outbox(), limit=1_000)
    left_once = sorted(numbers(entry.envelope for entry in claim.entries))
    assert left_once == [number for number in range(60) if not taken_back[number]]


async def expire(store: ODMStore) -> None:
    """Ends every lease."""
    for name in store.documents.layout.carrying:
        await store.documents.mongo[name].update_many(
            {"_schedule.0": {"$exists": True}}, {"$set": {"_schedule.$[].until": 0}}
        )


async def put(store: ODMStore, key: str, due: timedelta, number: int = 1) -> Envelope:
    one = envelope(number)
    await store.schedule().put(key, one, due)
    return one
