from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from fastapi_chassis.application import (
    AbstractUnitOfWork,
    Command,
    InMemoryUnitOfWork,
    RecordedEvent,
    TransactionRequiredError,
)
from fastapi_chassis.domain import Clock, FrozenClock, SystemClock, new_id
from fastapi_chassis.messaging import (
    CommandWriter,
    Outlook,
    SendingWriter,
    TransactionalSchedule,
    schedule_for,
)
from fastapi_chassis.messaging.scheduled import time_of
from tests.unit.messaging.shop import ItemCreated, Shop, writer

DAY = timedelta(days=1)


class Pack(Command[None], public=True):
    title: str


class Sink:
    def __init__(self) -> None:
        self.accepted: list[RecordedEvent] = []

    async def accept(self, events: Sequence[RecordedEvent], unit_of_work: AbstractUnitOfWork) -> None:
        self.accepted += events


class Desk(Shop):
    """A shop, and the schedule of one of its transactions."""

    def __init__(self) -> None:
        super().__init__()
        self.events, self.woken = Sink(), 0

    def schedule(self, *units: AbstractUnitOfWork, clock: Clock | None = None) -> TransactionalSchedule:
        return TransactionalSchedule(
            units,
            SendingWriter(writer(), CommandWriter("shop", {Pack: "stock"})),
            sink=self.events,
            clock=clock or SystemClock(),
            wake=self.wake,
        )

    def wake(self) -> None:
        self.woken += 1

    async def outlook(self) -> Outlook:
        return await schedule_for(self.unit_of_work().session).outlook()

    async def waiting_in_outbox(self) -> int:
        return (await self.outbox.backlog()).count


def event() -> ItemCreated:
    return ItemCreated(item_id=new_id(), title="Dune")


@pytest.mark.requirement("MSG-8")
@pytest.mark.parametrize("is_committed", [True, False])
async def test_a_message_is_scheduled_with_the_transaction_or_not_at_all(*, is_committed: bool) -> None:
    desk = Desk()
    async with desk.unit_of_work() as work:
        await desk.schedule(work).send(Pack(title="Dune"), in_=DAY)
        await desk.schedule(work).send(event(), at=datetime.now(UTC) + DAY)
        if is_committed:
            await work.commit()
    assert (await desk.outlook()).waiting == 2 * is_committed
    assert desk.woken == 2 * is_committed


async def test_a_message_that_need_not_wait_leaves_with_the_commit() -> None:
    desk, sent = Desk(), event()
    async with desk.unit_of_work() as work:
        await desk.schedule(work).send(Pack(title="Dune"), order="one")
        await desk.schedule(work).send(sent, order="two")
        await work.commit()
    assert await desk.outlook() == Outlook(0)
    assert await desk.waiting_in_outbox() == 1
    assert desk.events.accepted == [RecordedEvent(sent, "", "two")]


async def test_a_key_names_what_is_scheduled() -> None:
    desk = Desk()
    async with desk.unit_of_work() as work:
        schedule = desk.schedule(work)
        for _ in range(2):
            await schedule.send(Pack(title="Dune"), in_=DAY, key="pack")
        assert (await schedule_for(work.session).outlook()).waiting == 1
        assert await schedule.cancel("pack")
        assert not await schedule.cancel("pack")
        await schedule.send(Pack(title="Dune"), in_=DAY, key="pack")
        await schedule.send(Pack(title="Dune"), key="pack")
        await work.commit()
    assert await desk.outlook() == Outlook(0)
    assert await desk.waiting_in_outbox() == 1


async def test_the_order_is_the_key_where_nothing_is_said() -> None:
    desk = Desk()
    async with desk.unit_of_work() as work:
        schedule = desk.schedule(work)
        await schedule.send(Pack(title="a"), in_=timedelta(0), key="key")
        await schedule.send(Pack(title="b"), in_=timedelta(0), key="other", order="order")
        due = await schedule_for(work.session).take(limit=10)
    assert [one.key for one in due.envelopes] == ["key", "order"]


async def test_an_event_that_is_scheduled_twice_is_two_events() -> None:
    desk, sent = Desk(), event()
    async with desk.unit_of_work() as work:
        for _ in range(2):
            await desk.schedule(work).send(sent, in_=timedelta(0))
        due = await schedule_for(work.session).take(limit=10)
    assert len({one.id for one in due.envelopes}) == 2


async def test_of_several_transactions_the_open_one_counts() -> None:
    desk, closed = Desk(), InMemoryUnitOfWork()
    async with desk.unit_of_work() as work:
        await desk.schedule(closed, work).send(Pack(title="Dune"), in_=DAY)
        await work.commit()
    assert (await desk.outlook()).waiting == 1


async def test_outside_of_a_transaction_nothing_is_sent() -> None:
    desk = Desk()
    schedule = desk.schedule(desk.unit_of_work())
    with pytest.raises(TransactionRequiredError):
        await schedule.send(Pack(title="Dune"))
    with pytest.raises(TransactionRequiredError):
        await schedule.cancel("pack")


async def test_what_makes_no_sense_is_refused() -> None:
    desk = Desk()
    async with desk.unit_of_work() as work:
        schedule = desk.schedule(work)
        with pytest.raises(ValueError, match="exclude each other"):
            await schedule.send(Pack(title="Dune"), in_=DAY, at=datetime.now(UTC))
        with pytest.raises(ValueError, match="needs a zone"):
            await schedule.send(Pack(title="Dune"), at=datetime(2027, 1, 1))  # noqa: DTZ001 - the fault
        with pytest.raises(TypeError, match="neither an integration event nor a command"):
            await schedule.send("Dune", in_=DAY)  # type: ignore[arg-type]  # the fault


async def test_a_clock_that_a_test_moves_counts() -> None:
    desk, clock = Desk(), FrozenClock()
    clock.advance(DAY)
    async with desk.unit_of_work() as work:
        await desk.schedule(work, clock=clock).send(Pack(title="Dune"), in_=DAY)
        await work.commit()
    async with desk.unit_of_work() as work:
        store = schedule_for(work.session)
        assert (await store.outlook(now=clock.now())).next_in == DAY
        assert (await store.outlook(now=clock.advance(DAY))).next_in == timedelta(0)
    assert (time_of(SystemClock()), time_of(clock)) == (None, clock.now())
