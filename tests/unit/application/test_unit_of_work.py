import logging
from collections.abc import Sequence

import pytest

from fastapi_chassis.application import (
    AbstractUnitOfWork,
    InMemoryUnitOfWork,
    MemoryStore,
    RecordedEvent,
    TransactionRequiredError,
    UnsavedEventsError,
)
from fastapi_chassis.domain import BaseAggregate, DomainEvent, Event, IntegrationEvent


class Told(IntegrationEvent):
    text: str


class Noted(DomainEvent):
    text: str


class LargeThing(BaseAggregate):
    name: str


class Work(AbstractUnitOfWork):
    """Writes down what the store is asked to do."""

    def __init__(self, *, failing: str = "", **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.steps: list[str] = []
        self.failing = failing

    @property
    def session(self) -> None:
        return None

    async def _begin(self) -> None:
        self._step("begin")

    async def _commit(self) -> None:
        self._step("commit")

    async def _rollback(self) -> None:
        self._step("rollback")

    def _step(self, name: str) -> None:
        self.steps.append(name)
        if name == self.failing:
            raise ConnectionError(name)


class Sink:
    def __init__(self) -> None:
        self.events: list[RecordedEvent] = []

    async def accept(self, events: Sequence[RecordedEvent], unit_of_work: AbstractUnitOfWork) -> None:
        assert isinstance(unit_of_work, Work)
        unit_of_work.steps.append("sink")
        self.events += events


def thing(*events: IntegrationEvent | DomainEvent) -> LargeThing:
    made = LargeThing(name="a")
    for event in events:
        made.record(event)
    return made


@pytest.mark.requirement("DOM-5")
async def test_events_are_handed_on_before_the_commit() -> None:
    sink = Sink()
    work = Work(sink=sink)
    made = thing(Told(text="a"))
    async with work:
        work.track(made, saved=True)
        await work.commit()
    assert work.steps == ["begin", "sink", "commit"]
    assert sink.events == [RecordedEvent(Told(text="a"), "large_thing", str(made.id))]


@pytest.mark.requirement("DOM-5")
async def test_integration_events_of_a_cascade_leave_together() -> None:
    sink = Sink()
    follower = thing()

    async def dispatch(event: DomainEvent) -> None:
        follower.record(Told(text="follows"))
        work.track(follower, saved=True)

    work = Work(sink=sink, dispatch=dispatch)
    async with work:
        work.track(thing(Told(text="first"), Noted(text="x"), Told(text="second")), saved=True)
        await work.commit()
    assert [event.event for event in sink.events] == [
        Told(text="first"),
        Told(text="second"),
        Told(text="follows"),
    ]
    assert work.steps.count("sink") == 1


async def test_without_sink_and_dispatch_events_end_here() -> None:
    work = Work()
    made = thing(Told(text="a"), Noted(text="b"))
    async with work:
        work.track(made, saved=True)
        await work.commit()
    assert made.recorded_events == ()
    assert work.steps == ["begin", "commit"]


@pytest.mark.requirement("DOM-5")
@pytest.mark.parametrize("failing", ["commit", "rollback"])
async def test_a_commit_that_fails_is_rolled_back(failing: str) -> None:
    work = Work(failing=failing)
    called: list[str] = []

    async def use() -> None:
        async with work:
            work.after_commit(lambda: called.append("never"))
            if failing == "commit":
                await work.commit()

    with pytest.raises(ConnectionError, match=failing):
        await use()
    assert work.steps[-1] == "rollback"
    assert not work.is_active
    assert called == []


async def test_what_can_not_begin_is_not_active() -> None:
    work = Work(failing="begin")
    with pytest.raises(ConnectionError):
        await work.__aenter__()
    assert not work.is_active
    assert work.steps == ["begin"]


@pytest.mark.requirement("DOM-5")
async def test_unsaved_events_name_aggregate_and_events() -> None:
    work = Work()
    async with work:
        made = thing(Told(text="a"), Noted(text="b"))
        work.track(made)
        with pytest.raises(UnsavedEventsError) as told:
            await work.commit()
    (finding,) = told.value.findings
    assert finding.what == f"LargeThing {made.id} recorded Told, Noted and was not saved"
    assert "add() or update()" in finding.remedy
    assert work.steps == ["begin", "rollback"]


@pytest.mark.requirement("DOM-5")
async def test_events_after_the_last_save_are_unsaved() -> None:
    sink = Sink()
    work = Work(sink=sink)
    async with work:
        made = thing(Told(text="saved"))
        work.track(made, saved=True)
        made.record(Told(text="unsaved"))
        with pytest.raises(UnsavedEventsError):
            await work.commit()
        work.track(made, saved=True)
        await work.commit()
    assert [event.event for event in sink.events] == [Told(text="saved"), Told(text="unsaved")]


@pytest.mark.requirement("DOM-5")
async def test_events_that_a_handler_adds_must_be_saved_again() -> None:
    made = thing(Noted(text="saved"))

    async def forget_to_save(event: DomainEvent) -> None:
        made.record(Told(text="unsaved"))

    work = Work(sink=Sink(), dispatch=forget_to_save)
    async with work:
        work.track(made, saved=True)
        with pytest.raises(UnsavedEventsError):
            await work.commit()


@pytest.mark.requirement("DOM-5")
async def test_nothing_of_a_rolled_back_transaction_reaches_the_next() -> None:
    called: list[str] = []
    work, made = Work(sink=Sink()), thing(Told(text="a"))
    async with work:
        work.track(made, saved=True)
        work.after_commit(lambda: called.append("never"))
    async with work:
        work.track(made)
        with pytest.raises(UnsavedEventsError):
            await work.commit()
    async with work:
        await work.commit()
    assert called == []


async def test_an_aggregate_that_is_read_again_stays_saved() -> None:
    sink = Sink()
    work = Work(sink=sink)
    async with work:
        made = thing(Told(text="a"))
        work.track(made, saved=True)
        work.track(made)
        await work.commit()
    assert len(sink.events) == 1


async def test_an_event_of_no_kind_stays_inside() -> None:
    class Plain(Event):
        pass

    seen: list[object] = []
    sink = Sink()

    async def dispatch(event: DomainEvent) -> None:
        seen.append(event)

    work = Work(sink=sink, dispatch=dispatch)
    made = thing()
    made.record(Plain())
    async with work:
        work.track(made, saved=True)
        await work.commit()
    assert seen == [Plain()]
    assert sink.events == []


async def test_what_is_no_aggregate_is_not_tracked() -> None:
    work = Work()
    async with work:
        work.track(object(), saved=True)
        await work.commit()
    assert work.steps == ["begin", "commit"]


async def test_a_failing_listener_is_logged_and_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    called: list[str] = []
    work = Work()
    async with work:
        work.after_commit(lambda: called.remove("nothing"))
        work.after_commit(lambda: called.append("second"))
        with caplog.at_level(logging.ERROR, "fastapi_chassis.unit_of_work"):
            await work.commit()
    assert called == ["second"]
    assert "a listener of the commit failed" in caplog.text


async def test_commit_and_begin_only_where_they_belong() -> None:
    work = Work()
    with pytest.raises(RuntimeError, match="not open"):
        await work.commit()
    async with work:
        with pytest.raises(RuntimeError, match="open already"):
            await work.__aenter__()
    assert work.steps == ["begin", "rollback"]


def test_what_needs_a_transaction_says_what_to_do() -> None:
    error = TransactionRequiredError("Items.add was called")
    assert error.findings[0].what == "Items.add was called outside of a transaction"
    assert "Command" in error.findings[0].remedy


async def test_a_part_ends_with_the_whole_and_its_listeners_hear_of_that() -> None:
    store = MemoryStore()
    called: list[str] = []
    whole, part = InMemoryUnitOfWork(store), InMemoryUnitOfWork(store)
    assert whole.can_be_shared
    async with whole:
        part.join(whole)
        assert part.session is whole.session
        async with part:
            part.session.put(LargeThing, "key", "row")
            part.after_commit(lambda: called.append("stands"))
            await part.commit()
        assert (called, store.rows(LargeThing)) == ([], {})
        await whole.commit()
    assert (called, store.rows(LargeThing)) == (["stands"], {"key": "row"})


async def test_a_part_that_fails_leaves_the_end_to_the_whole() -> None:
    store = MemoryStore()
    whole, part = InMemoryUnitOfWork(store), InMemoryUnitOfWork(store)
    async with whole:
        part.join(whole)
        async with part:
            part.session.put(LargeThing, "key", "row")
        assert whole.session.row(LargeThing, "key") == "row"
    assert store.rows(LargeThing) == {}


async def test_only_who_is_not_open_and_can_be_shared_joins() -> None:
    async with InMemoryUnitOfWork() as whole, InMemoryUnitOfWork() as late:
        with pytest.raises(RuntimeError, match="open already"):
            late.join(whole)
        assert not Work().can_be_shared
        with pytest.raises(TypeError, match="Work can't be part of InMemoryUnitOfWork"):
            Work().join(whole)
