"""RedisUnitOfWork: the transaction of one message on Redis."""

from fastapi_chassis.application import EventDispatch, EventSink, SessionUnitOfWork
from fastapi_chassis.plugins.redis.client import RedisClient
from fastapi_chassis.plugins.redis.session import RedisSession


class RedisUnitOfWork(SessionUnitOfWork[RedisSession]):
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
        super().__init__(RedisSession(client), sink=sink, dispatch=dispatch)
