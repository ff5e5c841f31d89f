"""TransactionalSchedule: the schedule of a handler, which writes with the transaction at hand."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from fastapi_chassis.application import (
    AbstractUnitOfWork,
    Command,
    EventSink,
    RecordedEvent,
    TransactionRequiredError,
)
from fastapi_chassis.domain import Clock, IntegrationEvent, SystemClock, new_id
from fastapi_chassis.messaging.commands import CommandWriter
from fastapi_chassis.messaging.envelope import Envelope
from fastapi_chassis.messaging.outbox import outbox_for
from fastapi_chassis.messaging.publisher import EnvelopeWriter
from fastapi_chassis.messaging.schedule import ScheduleStore, schedule_for

type Sendable = IntegrationEvent | Command[object]


def time_of(clock: Clock) -> datetime | None:
    """Returns the time of a clock that a test moves; None of the machine's: the store's own counts then."""
    return None if isinstance(clock, SystemClock) else clock.now()


class SendingWriter:
    """Makes the envelopes of whatever a service may send.

    Args:
        events: makes those of integration events.
        commands: makes those of its own commands.
    """

    def __init__(self, events: EnvelopeWriter, commands: CommandWriter) -> None:
        self._events = events
        self._commands = commands

    def write(self, message: Sendable, order: str) -> Envelope:
        """Makes the envelope of one message, in the context at hand."""
        if isinstance(message, IntegrationEvent):
            return self._events.write(RecordedEvent(message, "", order))
        if isinstance(message, Command):
            return self._commands.write(message, order)
        name = type(message).__name__
        raise TypeError(f"{name} can't be sent: it is neither an integration event nor a command")


class TransactionalSchedule:
    """Writes messages into the outbox, or where they wait for their time, of the transaction that is open.

    Args:
        units: the transactions of this message, of which at most one is open.
        writer: makes envelopes.
        sink: takes the events that leave at once.
        clock: the time of day; the store's own counts, but for a clock that a test moves.
        wake: called after the commit; must not block. Wakes whatever takes messages further.
    """

    def __init__(
        self,
        units: Sequence[AbstractUnitOfWork],
        writer: SendingWriter,
        *,
        sink: EventSink,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._units = units
        self._writer = writer
        self._sink = sink
        self._clock = clock
        self._wake = wake

    async def send(
        self,
        message: Sendable,
        *,
        in_: timedelta | None = None,
        at: datetime | None = None,
        key: str = "",
        order: str = "",
    ) -> None:
        """Sends a message: after a while, at a time, or with the commit.

        Raises:
            TransactionRequiredError: no transaction is open.
            ValueError: both a span and a time were given, or a time without zone.
        """
        if in_ is not None and at is not None:
            raise ValueError("in_ and at exclude each other: give one")
        if at is not None and at.tzinfo is None:
            raise ValueError("at needs a zone: datetime(..., tzinfo=UTC)")
        unit_of_work, due = self._open(), self._due(in_, at)
        if due is None:
            await self._send_now(message, key, order or key, unit_of_work)
            return
        if isinstance(message, IntegrationEvent):
            # of one that is scheduled twice, every inbox would take the second for the first
            message = message.replace(event_id=new_id())
        envelope = self._writer.write(message, order or key)
        await self._store(unit_of_work).put(key or str(envelope.id), envelope, due)
        unit_of_work.after_commit(self._wake)

    async def cancel(self, key: str) -> bool:
        """Takes back what waits under a key.

        Raises:
            TransactionRequiredError: no transaction is open.
        """
        return await self._store(self._open()).cancel(key)

    async def _send_now(
        self, message: Sendable, key: str, order: str, unit_of_work: AbstractUnitOfWork
    ) -> None:
        if key:
            await self._store(unit_of_work).cancel(key)
        if isinstance(message, IntegrationEvent):
            await self._sink.accept([RecordedEvent(message, "", order)], unit_of_work)
            return
        await outbox_for(unit_of_work.session).add([self._writer.write(message, order)])
        unit_of_work.after_commit(self._wake)

    def _due(self, in_: timedelta | None, at: datetime | None) -> timedelta | datetime | None:
        if in_ is None:
            return at
        now = time_of(self._clock)
        return in_ if now is None else now + in_

    def _open(self) -> AbstractUnitOfWork:
        for unit_of_work in self._units:
            if unit_of_work.is_active:
                return unit_of_work
        raise TransactionRequiredError("a message was to be sent or taken back")

    def _store(self, unit_of_work: AbstractUnitOfWork) -> ScheduleStore:
        return schedule_for(unit_of_work.session)
