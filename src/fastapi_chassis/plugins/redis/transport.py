"""RedisTransport: carries envelopes over the streams of a server or cluster."""

import asyncio
from collections.abc import Sequence

from fastapi_chassis.messaging import Envelope, PublishFailed, Receive, Subscribed, Subscription
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

    def __init__(self, publishing: RedisConnection, consuming: RedisConnection) -> None:
        self._publisher = Publisher(publishing)
        self._streams = Streams(consuming)
        self._members: set[Member] = set()

    @property
    def absent(self) -> tuple[str, ...]:
        """The groups of this process that get no messages just now."""
        return tuple(member.group for member in self._members if not member.is_joined)

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
        member = Member(self._streams, subscription, receive)
        await member.join()
        self._members.add(member)
        return _Seat(member, self._members)

    async def aclose(self) -> None:
        """Stops every member that is still there."""
        await asyncio.gather(*(member.stop() for member in self._members))
        self._members.clear()


class _Seat:
    """A member's place in its group, until it leaves."""

    def __init__(self, member: Member, members: set[Member]) -> None:
        self._member, self._members = member, members

    async def stop(self) -> None:
        """Settles what is being handled, gives back the rest and leaves."""
        try:
            await self._member.stop()
        finally:
            self._members.discard(self._member)
