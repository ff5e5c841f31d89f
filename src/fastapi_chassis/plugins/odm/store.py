"""ODMStore: MongoDB as the store of a service."""

from collections.abc import Callable
from typing import Any, cast

from fastapi_chassis.application import (
    AbstractRepository,
    AbstractUnitOfWork,
    EventDispatch,
    EventSink,
    bind_repository,
)
from fastapi_chassis.domain import Finding, WiringError, shape_of
from fastapi_chassis.messaging import DeadLetterStore, InboxStore, OutboxStore, ScheduleStore
from fastapi_chassis.plugins.odm.connection import DocumentDatabase
from fastapi_chassis.plugins.odm.dead_letters import ODMDeadLetters
from fastapi_chassis.plugins.odm.inbox import ODMInbox
from fastapi_chassis.plugins.odm.outbox import ODMOutbox
from fastapi_chassis.plugins.odm.repository import ODMRepository
from fastapi_chassis.plugins.odm.schedule import ODMSchedule
from fastapi_chassis.plugins.odm.unit_of_work import ODMUnitOfWork


class ODMStore:
    """Units of work, repositories, outbox and inbox on one database.

    Args:
        documents: where all of it lies; not connected while the application is built.
    """

    def __init__(self, documents: DocumentDatabase) -> None:
        self.documents = documents
        self._classes: list[Any] = []

    def unit_of_work(
        self, *, sink: EventSink | None = None, dispatch: EventDispatch | None = None
    ) -> ODMUnitOfWork:
        """Makes the transaction of one message, not yet begun."""
        return ODMUnitOfWork(self.documents, sink=sink, dispatch=dispatch)

    def repository(
        self, repository: type, table: object | None = None
    ) -> Callable[[AbstractUnitOfWork], AbstractRepository[object, object]]:
        """Fills a repository's primitives.

        Args:
            repository: a class that derives from AbstractRepository, or a generic alias of it.
            table: the name of a collection, or what says it: a class of Beanie, a table of SQL that the
                entity has elsewhere; derived from the entity's name where nothing is given.

        Raises:
            WiringError: no document can hold the entity, or the class of Beanie has not its fields.
        """
        bound = cast("type[ODMRepository[object, object]]", bind_repository(repository, ODMRepository))
        bound.collection = self._collection(bound.entity, table)
        self.documents.layout.stored(bound, bound.collection)
        return cast("Callable[[AbstractUnitOfWork], AbstractRepository[object, object]]", bound)

    def outbox(self) -> OutboxStore:
        """Returns the outbox as the relay sees it: each call acts by itself."""
        return ODMOutbox(self.documents)

    def inbox(self) -> InboxStore:
        """Returns the inbox as maintenance sees it: each call acts by itself."""
        return ODMInbox(self.documents)

    def schedule(self) -> ScheduleStore:
        """Returns what waits for its time: each call is a unit of work of its own."""
        return ODMSchedule(self.documents)

    def dead_letters(self) -> DeadLetterStore:
        """Returns what consumers gave up: each call acts by itself."""
        return ODMDeadLetters(self.documents)

    async def open_classes(self) -> None:
        """Binds the classes of Beanie that modules named to the open database."""
        if self._classes:
            from fastapi_chassis.plugins.odm.documents import init_documents

            await init_documents(self.documents.mongo, *self._classes)

    def _collection(self, entity: type, table: object | None) -> str:
        if table is None or isinstance(table, str):
            return table or ""
        if hasattr(table, "columns") and isinstance(name := getattr(table, "name", None), str):
            return name
        if not hasattr(table, "model_fields") or not hasattr(table, "get_pymongo_collection"):
            what = f"the table of {entity.__qualname__} is of type {type(table).__name__}"
            remedy = "give the name of a collection, or a class that derives from BaseDocument."
            raise WiringError(Finding(what, remedy=remedy))
        if findings := _misfits(entity, table):
            raise WiringError(*findings)
        if table not in self._classes:
            self._classes.append(table)
        settings = getattr(table, "Settings", None)
        return str(getattr(settings, "name", None) or getattr(table, "__name__", ""))


def _misfits(entity: type, model: Any) -> list[Finding]:
    """Compares an entity with a class of Beanie that reads and writes the same documents."""
    lacking = [name for name in shape_of(entity) if name not in model.model_fields]
    return [
        Finding(f"{model.__qualname__} has no field {name}, as {entity.__qualname__} has", remedy="add it.")
        for name in lacking
    ]
