"""RedisTransport: carries envelopes over the streams of a server or cluster."""

from collections.abc import Sequence
from typing import Final

from fastapi_chassis.messaging import Envelope, PublishFailed, Receive, Seats, Subscribed, Subscription
from fastapi_chassis.plugins.redis.connection import RedisConnection
from fastapi_chassis.plugins.redis.member import Member
from fastapi_chassis.plugins.redis.publishing import Publisher
from fastapi_chassis.plugins.redis.topology import Streams


class RedisTransport:
    """Publishes on one set of connections and consumes on another, where readers wait.

    Args:
        publishing: publishes; may have other uses.
        consuming: the members of groups share it.
    """

    system: Final = "redis"  # as metrics name it

    def __init__(self, publishing: RedisConnection, consuming: RedisConnection) -> None:
        self._publisher = Publisher(publishing)
        self._streams = Streams(consuming)
        self._seats = Seats()

    @property
    def absent(self) -> tuple[str, ...]:
        """The groups of this process that get no messages just now."""
        return self._seats.absent

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Sends a batch in order; returns when every message lies in its stream.

        Raises:
            PublishFailed: some do not fit, or their stream is full.
            UnavailableException: the server is away; none is known to be confirmed.
        """
        if envelopes and (faults := await self._publisher.send(envelopes)):
            raise PublishFailed(faults)

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        """Joins a group; one that is new begins with the oldest message that is kept.

        Raises:
            UnavailableException: the server is away.
            RedisCommandError: something else lies where the streams should be.
        """
        return await self._seats.join(Member(self._streams, subscription, receive))

    async def aclose(self) -> None:
        """Stops every member that is still there."""
        await self._seats.clear()
