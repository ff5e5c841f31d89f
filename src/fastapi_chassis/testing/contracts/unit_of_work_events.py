"""What every unit of work does with the events of aggregates: they leave with the commit, or never."""

# ruff: noqa: D102 - a test says what it checks by its name

from collections.abc import Sequence

import pytest

from fastapi_chassis.application import AbstractUnitOfWork, RecordedEvent, UnsavedEventsError
from fastapi_chassis.domain import DomainEvent
from fastapi_chassis.testing.contracts.harness import (
    RepositoryHarness,
    read,
    several_at_once,
    store_samples,
)
from fastapi_chassis.testing.contracts.samples import (
    Sample,
    SampleCounted,
    SampleRenamed,
    SampleRepository,
    Word,
    WordRepository,
)
from fastapi_chassis.testing.contracts.unit_of_work import titles


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

    @several_at_once
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
