"""Store: what a plugin with a database offers, so that repositories need not know it."""

from collections.abc import Awaitable, Callable
from typing import Protocol, runtime_checkable

from fastapi_chassis.application import AbstractRepository, AbstractUnitOfWork, EventSink
from fastapi_chassis.domain import DomainEvent
from fastapi_chassis.messaging import DeadLetterStore, InboxStore, OutboxStore, ScheduleStore

type Dispatch = Callable[[DomainEvent], Awaitable[None]]


class Store(Protocol):
    """Units of work, the repositories in them, and the messages that wait beside them."""

    def unit_of_work(self, *, sink: EventSink | None, dispatch: Dispatch) -> AbstractUnitOfWork:
        """Makes the transaction of one message, not yet begun."""
        ...

    def repository(
        self, repository: type, table: object | None
    ) -> Callable[[AbstractUnitOfWork], AbstractRepository[object, object]]:
        """Fills a repository's primitives; called when the application is built.

        Args:
            repository: a class that derives from AbstractRepository, or a generic alias of it.
            table: where the entity lies; derived from its fields where nothing is given.

        Raises:
            WiringError: the store can't hold this entity, or can't answer what is asked.
        """
        ...

    def outbox(self) -> OutboxStore | None:
        """Returns the outbox as the relay sees it, each call its own transaction; None if there is none."""
        ...

    def inbox(self) -> InboxStore | None:
        """Returns the inbox as maintenance sees it, each call its own transaction; None if there is none."""
        ...

    def schedule(self) -> ScheduleStore | None:
        """Returns what waits for its time, each call its own transaction; None if nothing can wait here."""
        ...


@runtime_checkable
class KeepsDeadLetters(Protocol):
    """A store that also keeps what consumers give up."""

    def dead_letters(self) -> DeadLetterStore:
        """Returns the dead letters, each call its own transaction."""
        ...
