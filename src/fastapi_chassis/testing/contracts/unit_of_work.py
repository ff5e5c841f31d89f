"""What every unit of work promises: one commit for everything, events included, or nothing at all."""

# ruff: noqa: D102 - a test says what it checks by its name

import asyncio
from collections.abc import Sequence

import pytest

from fastapi_chassis.application import (
    AbstractUnitOfWork,
    RecordedEvent,
    TransactionRequiredError,
    UnsavedEventsError,
)
from fastapi_chassis.domain import DomainEvent
from fastapi_chassis.testing.contracts.harness import RepositoryHarness, read, store_samples, written
from fastapi_chassis.testing.contracts.samples import (
    Sample,
    SampleCounted,
    SampleRenamed,
    SampleRepository,
    Word,
    WordRepository,
)


class Sink:
    """Keeps the events that a unit of work hands on.

    Args:
        fault: raised instead.
    """

    def __init__(self, fault: Exception | None = None) -> None:
        self.batches: list[list[RecordedEvent]] = []
        self._fault = fault

    async def accept(self, events: Sequence[RecordedEvent], unit_of_work: AbstractUnitOfWork) -> None:
        """Takes events while the transaction is open."""
        assert unit_of_work.is_active
        if self._fault:
            raise self._fault
        self.batches.append(list(events))


async def titles(store: RepositoryHarness) -> list[str]:
    """Returns the titles that are stored."""
    async with read(store) as samples:
        return [one.title for one in await samples.find(order=("code",))]


class UnitOfWorkContract:
    """The transaction of one message."""

    async def test_two_repositories_share_one_commit(self, store: RepositoryHarness) -> None:
        async with store.unit_of_work() as work:
            await store.repository(SampleRepository, work).add(Sample(code="a", title="kept"))
            await store.repository(WordRepository, work).add(Word(id="kept"))
            await work.commit()
        async with store.unit_of_work() as work:
            assert await store.repository(WordRepository, work).exists(id="kept")
        assert await titles(store) == ["kept"]

    async def test_without_commit_nothing_is_stored(self, store: RepositoryHarness) -> None:
        async with store.unit_of_work() as work:
            await store.repository(SampleRepository, work).add(Sample(code="a"))
        assert await titles(store) == []

    async def test_an_exception_rolls_everything_back(self, store: RepositoryHarness) -> None:
        kept = Sample(code="a", title="kept")
        await store_samples(store, kept)

        async def fail() -> None:
            async with store.unit_of_work() as work:
                samples = store.repository(SampleRepository, work)
                await samples.add(Sample(code="b"))
                kept.title = "changed"
                await samples.update(kept)
                await samples.remove_where(code="a")
                raise LookupError

        with pytest.raises(LookupError):
            await fail()
        assert await titles(store) == ["kept"]

    async def test_a_transaction_reads_its_own_writes(self, store: RepositoryHarness) -> None:
        gone = Sample(code="gone")
        await store_samples(store, gone)
        async with store.unit_of_work() as work:
            samples = store.repository(SampleRepository, work)
            again = store.repository(SampleRepository, work)
            added = await samples.add(Sample(code="new", title="first"))
            await samples.remove(gone)
            assert [one.code for one in await again.find()] == ["new"]
            added.title = "second"
            await samples.update(added)
            assert (await again.get(added.id)).title == "second"
            assert await again.count(title="second") == 1
            assert [one.code async for one in again.stream()] == ["new"]

    async def test_others_see_nothing_before_the_commit(self, store: RepositoryHarness) -> None:
        await store_samples(store, Sample(code="a", title="before"))
        async with store.unit_of_work() as work:
            samples = store.repository(SampleRepository, work)
            found = await samples.get((await samples.find())[0].id)
            found.title = "after"
            await samples.update(found)
            await samples.add(Sample(code="b"))
            assert await titles(store) == ["before"]
            await work.commit()
        assert await titles(store) == ["after", ""]

    async def test_it_is_active_between_begin_and_commit(self, store: RepositoryHarness) -> None:
        work = store.unit_of_work()
        assert not work.is_active
        async with work:
            assert work.is_active
            await work.commit()
            assert not work.is_active
            with pytest.raises(TransactionRequiredError):
                await store.repository(SampleRepository, work).add(Sample(code="late"))
        assert await titles(store) == []

    async def test_it_is_not_begun_twice(self, store: RepositoryHarness) -> None:
        async with store.unit_of_work() as work:
            await store.repository(SampleRepository, work).add(Sample(code="a", title="kept"))
            with pytest.raises(RuntimeError):
                await work.__aenter__()
            await work.commit()
        assert await titles(store) == ["kept"]

    async def test_it_is_not_committed_while_closed(self, store: RepositoryHarness) -> None:
        work = store.unit_of_work()
        with pytest.raises(RuntimeError):
            await work.commit()
        async with work:
            await work.commit()
            with pytest.raises(RuntimeError):
                await work.commit()

    async def test_it_may_be_used_again_after_its_end(self, store: RepositoryHarness) -> None:
        work = store.unit_of_work()
        for code in ("lost", "kept"):
            async with work:
                await store.repository(SampleRepository, work).add(Sample(code=code, title=code))
                if code == "kept":
                    await work.commit()
        assert await titles(store) == ["kept"]

    async def test_listeners_are_called_once_the_commit_stands(self, store: RepositoryHarness) -> None:
        called: list[str] = []
        async with store.unit_of_work() as work:
            work.after_commit(lambda: called.append("never"))
        async with store.unit_of_work() as work:
            work.after_commit(lambda: called.append(f"active {work.is_active}"))
            work.after_commit(lambda: called.remove("nothing"))
            work.after_commit(lambda: called.append("last"))
            assert called == []
            await work.commit()
            assert called == ["active False", "last"]
        assert called == ["active False", "last"]

    async def test_cancelled_in_the_middle_it_leaves_nothing(self, store: RepositoryHarness) -> None:
        ready = asyncio.Event()

        async def work_forever() -> None:
            async with written(store) as samples:
                await samples.add(Sample(code="a"))
                ready.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(work_forever())
        await ready.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await titles(store) == []
        await store_samples(store, Sample(code="a", title="free again"))
        assert await titles(store) == ["free again"]


class UnitOfWorkEventsContract:
    """The events of aggregates leave with the commit."""

    async def test_integration_events_reach_the_sink_once_and_in_order(
        self, store: RepositoryHarness
    ) -> None:
        sink, sample = Sink(), Sample(code="a")
        async with store.unit_of_work(sink=sink) as work:
            for title in ("one", "two"):
                sample.rename(title)
            await store.repository(SampleRepository, work).add(sample)
            assert sink.batches == []
            await work.commit()
        (batch,) = sink.batches
        assert [event.event for event in batch] == [
            SampleRenamed(sample_id=sample.id, title=title) for title in ("one", "two")
        ]
        assert {(event.aggregate_type, event.aggregate_id) for event in batch} == {("sample", str(sample.id))}
        assert sample.recorded_events == ()

    async def test_without_events_the_sink_is_left_alone(self, store: RepositoryHarness) -> None:
        sink = Sink()
        async with store.unit_of_work(sink=sink) as work:
            await store.repository(SampleRepository, work).add(Sample(code="a"))
            await work.commit()
        assert sink.batches == []

    async def test_events_of_a_rolled_back_transaction_never_leave(self, store: RepositoryHarness) -> None:
        sink, sample = Sink(), Sample(code="a")
        work = store.unit_of_work(sink=sink)
        async with work:
            sample.rename("lost")
            await store.repository(SampleRepository, work).add(sample)
        async with work:
            await work.commit()
        assert sink.batches == []

    async def test_stored_entities_carry_no_events(self, store: RepositoryHarness) -> None:
        sink, sample = Sink(), Sample(code="a")
        async with store.unit_of_work(sink=sink) as work:
            samples = store.repository(SampleRepository, work)
            sample.rename("once")
            await samples.add(sample)
            assert (await samples.get(sample.id)).recorded_events == ()
            await work.commit()
        assert len(sink.batches) == 1

    async def test_a_failing_sink_rolls_back(self, store: RepositoryHarness) -> None:
        async with store.unit_of_work(sink=Sink(LookupError("full"))) as work:
            sample = Sample(code="a")
            sample.rename("lost")
            await store.repository(SampleRepository, work).add(sample)
            with pytest.raises(LookupError):
                await work.commit()
        assert await titles(store) == []

    async def test_handlers_of_domain_events_write_in_the_same_transaction(
        self, store: RepositoryHarness
    ) -> None:
        sample = Sample(code="a")
        seen: list[DomainEvent] = []

        async def note(event: DomainEvent) -> None:
            seen.append(event)
            assert work.is_active
            await store.repository(WordRepository, work).add(Word(id=f"noted {len(seen)}"))

        work = store.unit_of_work(dispatch=note)
        async with work:
            sample.count()
            sample.count()
            await store.repository(SampleRepository, work).add(sample)
            await work.commit()
        assert seen == [SampleCounted(sample_id=sample.id, amount=amount) for amount in (1, 2)]
        async with store.unit_of_work() as reading:
            words = await store.repository(WordRepository, reading).find()
        assert [word.id for word in words] == ["noted 1", "noted 2"]

    async def test_a_failing_handler_of_a_domain_event_rolls_back(self, store: RepositoryHarness) -> None:
        async def refuse(event: DomainEvent) -> None:
            raise LookupError(event.message_name)

        async with store.unit_of_work(dispatch=refuse) as work:
            sample = Sample(code="a")
            sample.count()
            await store.repository(SampleRepository, work).add(sample)
            with pytest.raises(LookupError):
                await work.commit()
        assert await titles(store) == []

    async def test_events_that_events_cause_are_handed_on_too(self, store: RepositoryHarness) -> None:
        sink = Sink()

        async def rename(event: DomainEvent) -> None:
            assert isinstance(event, SampleCounted)
            samples = store.repository(SampleRepository, work)
            found = await samples.get(event.sample_id)
            if event.amount < 3:
                found.count()
            else:
                found.rename("counted")
            await samples.update(found)

        work = store.unit_of_work(sink=sink, dispatch=rename)
        async with work:
            sample = Sample(code="a")
            sample.count()
            await store.repository(SampleRepository, work).add(sample)
            await work.commit()
        assert [event.event for event in sink.batches[0]] == [
            SampleRenamed(sample_id=sample.id, title="counted")
        ]
        async with read(store) as samples:
            found = await samples.get(sample.id)
        assert (found.amount, found.title, found.version) == (3, "counted", 4)

    @pytest.mark.parametrize("when", ["never saved", "after it was saved"])
    async def test_events_of_unsaved_changes_are_refused(self, store: RepositoryHarness, when: str) -> None:
        sample = Sample(code="a", title="before")
        await store_samples(store, sample)
        sink = Sink()
        async with store.unit_of_work(sink=sink) as work:
            samples = store.repository(SampleRepository, work)
            found = await samples.get(sample.id)
            if when == "after it was saved":
                found.title = "saved"
                await samples.update(found)
            found.rename("unsaved")
            with pytest.raises(UnsavedEventsError, match="SampleRenamed"):
                await work.commit()
        assert sink.batches == []
        assert await titles(store) == ["before"]

    async def test_a_removed_aggregate_says_goodbye(self, store: RepositoryHarness) -> None:
        sink, sample = Sink(), Sample(code="a")
        await store_samples(store, sample)
        async with store.unit_of_work(sink=sink) as work:
            samples = store.repository(SampleRepository, work)
            found = await samples.get(sample.id)
            found.rename("gone")
            await samples.remove(found)
            await work.commit()
        assert [event.event for event in sink.batches[0]] == [
            SampleRenamed(sample_id=sample.id, title="gone")
        ]
