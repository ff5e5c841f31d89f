"""NatsTransport: carries envelopes over one stream of JetStream."""

from collections.abc import Sequence
from typing import Final

from fastapi_chassis.messaging import Envelope, PublishFailed, Receive, Seats, Subscribed, Subscription
from fastapi_chassis.plugins.nats.connection import NatsConnection
from fastapi_chassis.plugins.nats.member import Member
from fastapi_chassis.plugins.nats.message import DEAD_SPARE, Parcel, headers_of
from fastapi_chassis.plugins.nats.publishing import Publisher
from fastapi_chassis.plugins.nats.subjects import partition_of
from fastapi_chassis.plugins.nats.topology import message_subject


class NatsTransport:
    """Publishes on one connection and consumes on another, so that neither holds the other up.

    Args:
        publishing: the connection that publishes.
        consuming: the connection that members of groups share.
    """

    system: Final = "nats"  # as metrics name it

    def __init__(self, publishing: NatsConnection, consuming: NatsConnection) -> None:
        self._publishing, self._consuming = publishing, consuming
        self._publisher = Publisher(publishing)
        self._seats = Seats()

    @property
    def absent(self) -> tuple[str, ...]:
        """The groups of this process that get no messages just now."""
        return self._seats.absent

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Sends a batch in order; returns when every message lies in the stream.

        Raises:
            PublishFailed: the server refused some.
            UnavailableException: the server is away; none is known to be confirmed.
        """
        if not envelopes:
            return
        partitions = (await self._publishing.wire()).partitions
        reasons: dict[int, str] = {}
        parcels: dict[int, Parcel] = {}
        for position, envelope in enumerate(envelopes):
            try:
                parcels[position] = self._parcel(envelope, partitions)
            except ValueError as fault:  # text that is none is one as well
                reasons[position] = f"the message does not fit into NATS: {fault}"
        if parcels:
            positions = tuple(parcels)
            faults = await self._publisher.send(tuple(parcels.values()), spare=DEAD_SPARE)
            reasons |= {positions[at]: fault for at, fault in faults.items()}
        if reasons:
            raise PublishFailed(reasons)

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        """Joins a group; one that is new begins with the oldest message that is kept.

        Raises:
            UnavailableException: the server is away.
            NatsStreamError: it refuses a consumer.
        """
        return await self._seats.join(Member(self._consuming, self._publisher, subscription, receive))

    async def aclose(self) -> None:
        """Stops every member that is still there."""
        await self._seats.clear()

    def _parcel(self, envelope: Envelope, partitions: int) -> Parcel:
        part = partition_of(envelope.key, partitions)
        subject = message_subject(self._publishing.config.stream, part, envelope.destination)
        return Parcel(subject, headers_of(envelope), envelope.payload)
