from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest

from fastapi_chassis.application import (
    AbstractRepository,
    Handler,
    InMemoryUnitOfWork,
    MemoryStore,
    ProcessManager,
    in_memory,
    process_handlers,
    read_handler,
    read_process,
)
from fastapi_chassis.domain import Message, TransientConflictException, new_id
from tests.unit.application.checkout import (
    Checkout,
    OrderChanged,
    OrderPlaced,
    PaymentDue,
    PaymentReceived,
    ReleaseStock,
    ReserveStock,
    ScheduleBook,
    Told,
)

Checkouts = AbstractRepository[Checkout, UUID]
ORDER = new_id()


@dataclass
class Desk:
    """Hands messages to the handlers of a process manager, each in a transaction of its own."""

    manager: type[ProcessManager] = Checkout
    store: MemoryStore = field(default_factory=MemoryStore)
    book: ScheduleBook = field(default_factory=ScheduleBook)

    def __post_init__(self) -> None:
        made = process_handlers(read_process(self.manager)[0])
        self.handlers = [cast("Handler", read_handler(one)) for one in (*made.handlers, *made.consumers)]

    async def tell(self, message: Message) -> None:
        handler = next(one for one in self.handlers if one.message is type(message))
        take = cast("Callable[..., object]", handler.function)
        async with InMemoryUnitOfWork(self.store) as work:
            processes = in_memory(AbstractRepository[self.manager, UUID], work)  # type: ignore[name-defined]  # chosen at run time
            await take(message, processes=processes, schedule=self.book)  # type: ignore[misc]  # a coroutine function
            await work.commit()

    async def state(self) -> Checkout | None:
        return await in_memory(Checkouts, InMemoryUnitOfWork(self.store)).get_or_none(Checkout.id_of(ORDER))

    async def time_out(self, *, reminders: int = 0) -> None:
        """Brings back the command that was scheduled for a time-out."""
        told = next(one for one in self.book.told if one.in_ is not None)
        command = told.message
        await self.tell(command.replace(timeout=PaymentDue(reminders=reminders)))  # type: ignore[attr-defined]  # a message


def test_handlers_say_what_they_take_and_ask_for() -> None:
    made = process_handlers(read_process(Checkout)[0])
    read = {one.name.rpartition(".")[2]: one for one in map(read_handler, made.consumers)}  # type: ignore[union-attr]  # all can be read
    assert set(read) == {"checkout_on_order_placed", "checkout_on_payment_received"}
    assert made.repository == Checkouts
    assert [one.__name__ for one in made.handlers] == ["checkout_on_order_changed", "checkout_on_payment_due"]


@pytest.mark.requirement("MSG-9")
async def test_an_event_begins_a_process_and_what_follows_is_sent() -> None:
    desk, process_id = Desk(), Checkout.id_of(ORDER)
    await desk.tell(OrderPlaced(order_id=ORDER))
    state = await desk.state()
    assert state is not None
    assert (state.order_id, state.paid, state.is_complete) == (ORDER, False, False)
    reserve, due = desk.book.told
    assert reserve == Told(ReserveStock(order_id=ORDER), order=str(process_id))
    assert (due.in_, due.key) == (timedelta(minutes=15), f"checkout/{process_id}/payment_due")


async def test_events_of_one_key_are_one_process() -> None:
    desk = Desk()
    await desk.tell(OrderPlaced(order_id=new_id()))
    await desk.tell(OrderPlaced(order_id=ORDER))
    await desk.tell(OrderChanged(order_id=ORDER))
    state = await desk.state()
    assert state is not None
    assert (state.changes, state.version) == (1, 2)


async def test_a_process_that_is_complete_forgets_its_timeouts_and_ignores_the_rest() -> None:
    desk = Desk()
    await desk.tell(OrderPlaced(order_id=ORDER))
    await desk.tell(PaymentReceived(order_id=ORDER))
    assert desk.book.cancelled == [f"checkout/{Checkout.id_of(ORDER)}/payment_due"]
    sent = list(desk.book.told)
    await desk.tell(OrderPlaced(order_id=ORDER))
    await desk.time_out(reminders=1)
    state = await desk.state()
    assert state is not None
    assert state.is_complete
    assert desk.book.told == sent


async def test_a_timeout_moves_its_process_on() -> None:
    desk = Desk()
    await desk.tell(OrderPlaced(order_id=ORDER))
    await desk.time_out()
    assert [one.in_ for one in desk.book.told[1:]] == [timedelta(minutes=15), timedelta(minutes=5)]
    assert desk.book.told[1].key == desk.book.told[2].key
    await desk.time_out(reminders=1)
    assert desk.book.told[-1].message == ReleaseStock(order_id=ORDER)
    state = await desk.state()
    assert state is not None
    assert state.is_complete


async def test_a_timeout_can_be_cancelled() -> None:
    desk = Desk()
    for _ in range(2):
        await desk.tell(OrderChanged(order_id=ORDER))
    assert desk.book.cancelled == [f"checkout/{Checkout.id_of(ORDER)}/payment_due"]


async def test_a_timeout_of_no_process_is_ignored() -> None:
    desk = Desk()
    await desk.tell(OrderPlaced(order_id=ORDER))
    desk.store = MemoryStore()
    await desk.time_out(reminders=1)
    assert await desk.state() is None
    assert len(desk.book.told) == 2


async def test_an_event_that_begins_nothing_is_ignored() -> None:
    class Strict(Checkout, starts=(OrderPlaced,), name="checkout"):
        pass

    desk = Desk(Strict)
    await desk.tell(PaymentReceived(order_id=ORDER))
    assert await in_memory(AbstractRepository[Strict, UUID], InMemoryUnitOfWork(desk.store)).find() == []


@pytest.mark.parametrize("is_there", [False, True])
async def test_of_two_that_meet_at_one_process_the_second_begins_anew(*, is_there: bool) -> None:
    meets: list[bool] = []

    class Meeting(Checkout, name="checkout"):
        async def on_order_changed(self, event: OrderChanged) -> None:
            """Lets another message pass in the middle of the last one."""
            self.changes += 1
            if meets and meets.pop():
                await desk.tell(OrderChanged(order_id=ORDER))

    desk = Desk(Meeting)
    if is_there:
        await desk.tell(OrderChanged(order_id=ORDER))
    meets[:] = [False, True]
    with pytest.raises(TransientConflictException, match="moved on by another message"):
        await desk.tell(OrderChanged(order_id=ORDER))
    (state,) = await in_memory(AbstractRepository[Meeting, UUID], InMemoryUnitOfWork(desk.store)).find()
    assert state.changes == 1 + is_there
