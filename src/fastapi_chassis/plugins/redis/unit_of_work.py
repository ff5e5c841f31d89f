"""RedisUnitOfWork: the transaction of one message on Redis."""

from typing import override

from fastapi_chassis.application import AbstractUnitOfWork, EventDispatch, EventSink
from fastapi_chassis.plugins.redis.client import RedisClient
from fastapi_chassis.plugins.redis.session import RedisSession


class RedisUnitOfWork(AbstractUnitOfWork):
    """Collects changes and writes them in one step, if every row is still as it was read.

    Args:
        client: where they are written.
        sink: takes the integration events.
        dispatch: runs the handlers of domain events.
    """

    def __init__(
        self,
        client: RedisClient,
        *,
        sink: EventSink | None = None,
        dispatch: EventDispatch | None = None,
    ) -> None:
        if dispatch is None:
            super().__init__(sink=sink)
        else:
            super().__init__(sink=sink, dispatch=dispatch)
        self._session = RedisSession(client)

    @property
    @override
    def session(self) -> RedisSession:
        """The changes of this transaction."""
        return self._session

    @override
    async def _begin(self) -> None:
        return None

    @override
    async def _commit(self) -> None:
        await self._session.commit()

    @override
    async def _rollback(self) -> None:
        await self._session.close()
