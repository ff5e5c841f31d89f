"""AbstractUnitOfWork: the aggregates of one message, their events, and the one commit."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, cast, override

from fastapi_chassis.domain import (
    BaseAggregate,
    ChassisError,
    DomainEvent,
    Finding,
    IntegrationEvent,
    snake_case,
)

_log = logging.getLogger("fastapi_chassis.unit_of_work")


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An integration event and the aggregate that recorded it.

    Args:
        event: what happened.
        aggregate_type: the aggregate's class in snake case.
        aggregate_id: its identity, as text.
    """

    event: IntegrationEvent
    aggregate_type: str
    aggregate_id: str


class EventSink(Protocol):
    """The only way out for integration events."""

    async def accept(self, events: Sequence[RecordedEvent], unit_of_work: "AbstractUnitOfWork") -> None:
        """Takes events within the transaction, so that they are stored with it or not at all."""
        ...


type EventDispatch = Callable[[DomainEvent], Awaitable[None]]


class UnsavedEventsError(ChassisError):
    """An aggregate recorded events, and nobody saved it."""


class TransactionRequiredError(ChassisError):
    """Something was to be written outside of a transaction."""

    def __init__(self, what: str) -> None:
        super().__init__(
            Finding(
                f"{what} outside of a transaction",
                remedy="do it in the handler of a Command: a Query only reads.",
            )
        )


class OneAggregatePerCommitError(ChassisError):
    """A second entity was to be written in one unit of work, and the store's server has no transactions.

    Raised by the call that would write it; what the unit wrote before stands, and may be committed.

    Args:
        what: the call that was refused.
    """

    def __init__(self, what: str) -> None:
        super().__init__(
            Finding(
                f"{what} would write a second entity, and this server has no transactions",
                remedy="write one aggregate per command and let events carry the news to the others, "
                "or use a server with transactions.",
            )
        )


async def _nobody(_event: DomainEvent) -> None:
    return None


class AbstractUnitOfWork(ABC):
    """One transaction: begun and committed by the transaction behaviour, by nobody else.

    Args:
        sink: takes the integration events; without one they end here.
        dispatch: runs the handlers of domain events, within the transaction.
    """

    def __init__(self, *, sink: EventSink | None = None, dispatch: EventDispatch | None = None) -> None:
        self._sink = sink
        self._dispatch = dispatch or _nobody
        self._seen: dict[int, BaseAggregate] = {}
        self._saved: dict[int, int] = {}
        self._after_commit: list[Callable[[], None]] = []
        self._active = False

    @property
    def is_active(self) -> bool:
        """Whether a transaction is open."""
        return self._active

    async def __aenter__(self) -> Self:
        if self._active:
            raise RuntimeError("this unit of work is open already")
        await self._begin()
        self._active = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._seen.clear()
        self._saved.clear()
        self._after_commit.clear()
        if self._active:
            self._active = False
            await self._rollback()

    async def commit(self) -> None:
        """Hands on every event of the seen aggregates, then commits everything at once.

        Raises:
            UnsavedEventsError: an aggregate recorded events and was not saved after that.
            UnavailableException: the store did not answer; whether it committed is then unknown.
        """
        if not self._active:
            raise RuntimeError("this unit of work is not open")
        await self._hand_on_events()
        await self._commit()
        self._active = False
        for callback in self._after_commit:
            try:
                callback()
            except Exception:  # noqa: BLE001 - the commit stands, whatever a listener does
                _log.exception("a listener of the commit failed")

    @property
    def can_be_shared(self) -> bool:
        """Whether units of work of other messages may join this one; not where a commit takes one entity."""
        return False

    def join(self, whole: "AbstractUnitOfWork") -> None:
        """Becomes part of a transaction that is open: from now on only the end of that one counts.

        Repositories are asked for after that. Where a part fails, the whole must not be committed.

        Raises:
            TypeError: the store has no transactions that could be shared.
        """
        raise TypeError(f"{type(self).__name__} can't be part of {type(whole).__name__}")

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Calls back once the commit stands; never after a rollback. The callback must not block."""
        self._after_commit.append(callback)

    def track(self, entity: object, *, saved: bool = False) -> None:
        """Remembers an aggregate, so that its events leave with the commit; repositories call this."""
        if isinstance(entity, BaseAggregate):
            self._seen[id(entity)] = entity
            if saved:
                self._saved[id(entity)] = len(entity.recorded_events)

    async def _hand_on_events(self) -> None:
        outgoing: list[RecordedEvent] = []
        while pending := [aggregate for aggregate in self._seen.values() if aggregate.recorded_events]:
            for aggregate in pending:
                if len(aggregate.recorded_events) > self._saved.pop(id(aggregate), 0):
                    raise _unsaved(aggregate)
                for event in aggregate.release_events():
                    if isinstance(event, IntegrationEvent):
                        kind = snake_case(type(aggregate).__name__)
                        outgoing.append(RecordedEvent(event, kind, str(aggregate.id)))
                    else:
                        await self._dispatch(cast("DomainEvent", event))
        if outgoing and self._sink is not None:
            await self._sink.accept(outgoing, self)

    @property
    @abstractmethod
    def session(self) -> object:
        """What the store writes through; `outbox_for` and `inbox_for` find their store by its type."""

    @abstractmethod
    async def _begin(self) -> None: ...

    @abstractmethod
    async def _commit(self) -> None: ...

    @abstractmethod
    async def _rollback(self) -> None: ...


class Session(Protocol):
    """What repositories, outbox and inbox of one message write through."""

    async def begin(self) -> None:
        """Opens the transaction."""
        ...

    async def commit(self) -> None:
        """Makes the work permanent, and ends."""
        ...

    async def end(self) -> None:
        """Undoes what is not committed, and lets go what is held."""
        ...


class SessionUnitOfWork[S: Session](AbstractUnitOfWork):
    """A unit of work whose store does all of it in a session.

    Args:
        session: not begun.
        sink: takes the integration events; without one they end here.
        dispatch: runs the handlers of domain events, within the transaction.
    """

    def __init__(
        self, session: S, *, sink: EventSink | None = None, dispatch: EventDispatch | None = None
    ) -> None:
        super().__init__(sink=sink, dispatch=dispatch)
        self._session = session
        self._whole: AbstractUnitOfWork | None = None

    @property
    @override
    def session(self) -> S:
        """What repositories, outbox and inbox write through."""
        return self._session

    @override
    def join(self, whole: AbstractUnitOfWork) -> None:
        """Becomes part of a transaction that is open: from now on only the end of that one counts."""
        if self._active:
            raise RuntimeError("this unit of work is open already")
        self._whole = whole
        self._session = cast("S", whole.session)

    @override
    def after_commit(self, callback: Callable[[], None]) -> None:
        """Calls back once the commit stands: that of the whole, where this is a part."""
        if self._whole is None:
            super().after_commit(callback)
        else:
            self._whole.after_commit(callback)

    @override
    async def _begin(self) -> None:
        if self._whole is None:
            await self._session.begin()

    @override
    async def _commit(self) -> None:
        if self._whole is None:
            await self._session.commit()

    @override
    async def _rollback(self) -> None:
        if self._whole is None:
            await self._session.end()


def _unsaved(aggregate: BaseAggregate) -> UnsavedEventsError:
    name = type(aggregate).__name__
    events = ", ".join(type(event).__name__ for event in aggregate.recorded_events)
    return UnsavedEventsError(
        Finding(
            f"{name} {aggregate.id} recorded {events} and was not saved",
            remedy="call add() or update() of its repository before the handler ends.",
        )
    )
