"""SqlAlchemyUnitOfWork: the transaction of one message on an SQL database."""

from collections.abc import Awaitable, Callable
from typing import override

from fastapi_chassis.application import AbstractUnitOfWork, EventSink
from fastapi_chassis.domain import DomainEvent
from fastapi_chassis.plugins.sqlalchemy.connection import Database
from fastapi_chassis.plugins.sqlalchemy.session import SqlAlchemySession


class SqlAlchemyUnitOfWork(AbstractUnitOfWork):
    """A transaction; its connection is taken by the first statement, so that one without any costs nothing.

    Args:
        database: where it takes place.
        sink: takes the integration events.
        dispatch: runs the handlers of domain events.
    """

    def __init__(
        self,
        database: Database,
        *,
        sink: EventSink | None = None,
        dispatch: Callable[[DomainEvent], Awaitable[None]] | None = None,
    ) -> None:
        if dispatch is None:
            super().__init__(sink=sink)
        else:
            super().__init__(sink=sink, dispatch=dispatch)
        self._session = SqlAlchemySession(database)

    @property
    @override
    def session(self) -> SqlAlchemySession:
        """What repositories, outbox and inbox write through."""
        return self._session

    @override
    async def _begin(self) -> None:
        self._session.begin()

    @override
    async def _commit(self) -> None:
        await self._session.commit()

    @override
    async def _rollback(self) -> None:
        await self._session.end()
