"""SqlAlchemyUnitOfWork: the transaction of one message on an SQL database."""

from typing import override

from fastapi_chassis.application import EventDispatch, EventSink, SessionUnitOfWork
from fastapi_chassis.plugins.sqlalchemy.connection import Database
from fastapi_chassis.plugins.sqlalchemy.session import SqlAlchemySession


class SqlAlchemyUnitOfWork(SessionUnitOfWork[SqlAlchemySession]):
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
        dispatch: EventDispatch | None = None,
    ) -> None:
        super().__init__(SqlAlchemySession(database), sink=sink, dispatch=dispatch)

    @property
    @override
    def can_be_shared(self) -> bool:
        """Whether units of work of other messages may join this one."""
        return True
