"""InMemoryStore: the store of a service that has no database yet."""

from collections.abc import Callable
from typing import cast

from fastapi_chassis.app.store import Dispatch
from fastapi_chassis.application import (
    AbstractRepository,
    AbstractRepositoryInMemory,
    AbstractUnitOfWork,
    EventSink,
    InMemoryUnitOfWork,
    MemorySession,
    MemoryStore,
    bind_repository,
)
from fastapi_chassis.messaging import (
    DeadLetterStore,
    InboxStore,
    InMemoryDeadLetters,
    InMemoryInbox,
    InMemoryOutbox,
    InMemorySchedule,
    OutboxStore,
    ScheduleStore,
)


class InMemoryStore:
    """Rows, outbox and inbox in the process; gone with it."""

    def __init__(self) -> None:
        self._rows = MemoryStore()

    def unit_of_work(self, *, sink: EventSink | None, dispatch: Dispatch) -> AbstractUnitOfWork:
        """Makes the transaction of one message."""
        return InMemoryUnitOfWork(self._rows, sink=sink, dispatch=dispatch)

    def repository(
        self, repository: type, table: object | None
    ) -> Callable[[AbstractUnitOfWork], AbstractRepository[object, object]]:
        """Fills a repository's primitives; a table means nothing here."""
        del table
        bound = bind_repository(repository, AbstractRepositoryInMemory)
        return cast("Callable[[AbstractUnitOfWork], AbstractRepository[object, object]]", bound)

    def outbox(self) -> OutboxStore:
        """Returns the outbox, each call its own transaction."""
        return InMemoryOutbox(MemorySession(self._rows))

    def inbox(self) -> InboxStore:
        """Returns the inbox, each call its own transaction."""
        return InMemoryInbox(MemorySession(self._rows))

    def schedule(self) -> ScheduleStore:
        """Returns what waits for its time, as reports see it."""
        return InMemorySchedule(MemorySession(self._rows))

    def dead_letters(self) -> DeadLetterStore:
        """Returns what consumers gave up, each call its own transaction."""
        return InMemoryDeadLetters(self._rows)
