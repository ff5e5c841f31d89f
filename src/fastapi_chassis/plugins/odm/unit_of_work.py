"""ODMUnitOfWork: the transaction of one message on MongoDB, or its one atomic command."""

from typing import override

from fastapi_chassis.application import AbstractUnitOfWork, EventDispatch, EventSink
from fastapi_chassis.plugins.odm.connection import DocumentDatabase
from fastapi_chassis.plugins.odm.session import ODMSession


class ODMUnitOfWork(AbstractUnitOfWork):
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
        if dispatch is None:
            super().__init__(sink=sink)
        else:
            super().__init__(sink=sink, dispatch=dispatch)
        self._session = ODMSession(documents)

    @property
    @override
    def session(self) -> ODMSession:
        """What repositories, outbox and inbox write through."""
        return self._session

    @override
    async def _begin(self) -> None:
        await self._session.begin()

    @override
    async def _commit(self) -> None:
        await self._session.commit()

    @override
    async def _rollback(self) -> None:
        await self._session.end()
