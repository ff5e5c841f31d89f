"""SqlAlchemyStore: an SQL database as the store of a service."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

from sqlalchemy import Table

from fastapi_chassis.application import AbstractRepository, AbstractUnitOfWork, EventSink, bind_repository
from fastapi_chassis.domain import DomainEvent, Finding, WiringError
from fastapi_chassis.messaging import DeadLetterStore, InboxStore, OutboxStore, ScheduleStore
from fastapi_chassis.plugins.sqlalchemy.bell import PostgresBell
from fastapi_chassis.plugins.sqlalchemy.connection import Database
from fastapi_chassis.plugins.sqlalchemy.dead_letters import SqlAlchemyDeadLetters
from fastapi_chassis.plugins.sqlalchemy.inbox import SqlAlchemyInbox
from fastapi_chassis.plugins.sqlalchemy.outbox import SqlAlchemyOutbox
from fastapi_chassis.plugins.sqlalchemy.repository import SqlAlchemyRepository
from fastapi_chassis.plugins.sqlalchemy.schedule import SqlAlchemySchedule
from fastapi_chassis.plugins.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWork


class SqlAlchemyStore:
    """Units of work, repositories, outbox and inbox on one database.

    Args:
        database: where all of it lies; not connected while the application is built.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def unit_of_work(
        self,
        *,
        sink: EventSink | None = None,
        dispatch: Callable[[DomainEvent], Awaitable[None]] | None = None,
    ) -> SqlAlchemyUnitOfWork:
        """Makes the transaction of one message, not yet begun."""
        return SqlAlchemyUnitOfWork(self.database, sink=sink, dispatch=dispatch)

    def repository(
        self, repository: type, table: object | None = None
    ) -> Callable[[AbstractUnitOfWork], AbstractRepository[object, object]]:
        """Fills a repository's primitives.

        Args:
            repository: a class that derives from AbstractRepository, or a generic alias of it.
            table: a `sqlalchemy.Table`; derived from the entity's fields where nothing is given.

        Raises:
            WiringError: the table does not fit the entity, or no column can hold a field.
        """
        bound = cast(
            "type[SqlAlchemyRepository[object, object]]", bind_repository(repository, SqlAlchemyRepository)
        )
        if isinstance(table, Table):
            bound.table = table
        elif table is not None:
            raise WiringError(_no_table(bound.entity, table))
        self.database.schema.stored(bound)
        return cast("Callable[[AbstractUnitOfWork], AbstractRepository[object, object]]", bound)

    def outbox(self) -> OutboxStore:
        """Returns the outbox as the relay sees it: each call is its own transaction."""
        has_bell = self.database.dialect.name == "postgresql" and not self.database.config.pgbouncer
        return SqlAlchemyOutbox(
            self.database.transaction,
            self.database.dialect,
            read=self.database.read,
            fetch=partial(self.database.fetch, of_command=True),
            bell=PostgresBell(self.database) if has_bell else None,
        )

    def inbox(self) -> InboxStore:
        """Returns the inbox as maintenance sees it: each call is its own transaction."""
        return SqlAlchemyInbox(self.database.transaction, self.database.dialect)

    def schedule(self) -> ScheduleStore:
        """Returns what waits for its time, as reports see it: each call is its own transaction."""
        return SqlAlchemySchedule(self.database.transaction, self.database.dialect)

    def dead_letters(self) -> DeadLetterStore:
        """Returns what consumers gave up: each call is its own transaction."""
        return SqlAlchemyDeadLetters(self.database.transaction, self.database.dialect)


def _no_table(entity: type, table: object) -> Finding:
    return Finding(
        f"the table of {entity.__qualname__} is of type {type(table).__name__}",
        remedy="give a sqlalchemy.Table.",
    )
