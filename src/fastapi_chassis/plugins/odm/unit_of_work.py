"""ODMUnitOfWork: the transaction of one message on MongoDB, or its one atomic command."""

from typing import override

from fastapi_chassis.application import EventDispatch, EventSink, SessionUnitOfWork
from fastapi_chassis.plugins.odm.connection import DocumentDatabase
from fastapi_chassis.plugins.odm.session import ODMSession


class ODMUnitOfWork(SessionUnitOfWork[ODMSession]):
    """A transaction where the server has them; elsewhere one aggregate, written whole or not at all.

    Args:
        documents: where it takes place.
        sink: takes the integration events.
        dispatch: runs the handlers of domain events.
    """

    def __init__(
        self,
        documents: DocumentDatabase,
        *,
        sink: EventSink | None = None,
        dispatch: EventDispatch | None = None,
    ) -> None:
        super().__init__(ODMSession(documents), sink=sink, dispatch=dispatch)

    @property
    @override
    def can_be_shared(self) -> bool:
        """Whether units of work of other messages may join this one: where the server has transactions."""
        return self.session.has_transactions
