"""AioPikaTransport: carries envelopes over RabbitMQ."""

from collections.abc import Sequence
from typing import Final

from fastapi_chassis.messaging import Envelope, PublishFailed, Receive, Seats, Subscribed, Subscription
from fastapi_chassis.plugins.aiopika.connection import AioPikaConnection
from fastapi_chassis.plugins.aiopika.member import Member
from fastapi_chassis.plugins.aiopika.message import UnsendableError, properties_of
from fastapi_chassis.plugins.aiopika.publishing import FaultEnum, Parcel, Publisher


class AioPikaTransport:
    """Publishes on one connection and consumes on another, so that neither holds the other up.

    Args:
        publishing: the connection that publishes.
        consuming: the connection that consumers share.
    """

    system: Final = "rabbitmq"  # as metrics name it

    def __init__(self, publishing: AioPikaConnection, consuming: AioPikaConnection) -> None:
        self._config = publishing.config
        self._publisher = Publisher(publishing)
        self._consuming = consuming
        self._seats = Seats()
        self._read: set[str] = set()  # destinations that a queue has taken messages of

    @property
    def absent(self) -> tuple[str, ...]:
        """The groups of this process that the server gives no messages just now."""
        return self._seats.absent

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Sends a batch in order; returns when every message lies on the disks of its queues.

        Raises:
            PublishFailed: the broker refused some, or no queue takes them though one did before.
            UnavailableException: the broker is away; none is known to be confirmed.
        """
        reasons: dict[int, str] = {}
        parcels: dict[int, Parcel] = {}
        for position, envelope in enumerate(envelopes):
            try:
                parcels[position] = self._parcel(envelope)
            except (UnsendableError, UnicodeEncodeError) as fault:
                reasons[position] = f"the message does not fit into AMQP: {fault}"
        if parcels:
            faults = await self._publisher.send(tuple(parcels.values()))
            reasons |= self._failed(dict(zip(parcels, range(len(parcels)), strict=True)), envelopes, faults)
        if reasons:
            raise PublishFailed(reasons)

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        """Joins a group.

        Raises:
            UnavailableException: the broker is away.
            AioPikaTopologyError: it refuses the queues.
        """
        seat = await self._seats.join(Member(self._consuming, self._publisher, subscription, receive))
        self._read |= subscription.destinations
        return seat

    async def close(self) -> None:
        """Stops every member that is still there."""
        await self._seats.clear()

    def _parcel(self, envelope: Envelope) -> Parcel:
        properties = properties_of(envelope)
        return Parcel(self._config.exchange, envelope.destination, properties, envelope.payload)

    def _failed(
        self, sent: dict[int, int], envelopes: Sequence[Envelope], faults: dict[int, FaultEnum]
    ) -> dict[int, str]:
        self._read |= {envelopes[position].destination for position, at in sent.items() if at not in faults}
        failed = {position: faults[at] for position, at in sent.items() if at in faults}
        return {
            position: f"{fault} ({envelopes[position].destination})"
            for position, fault in failed.items()
            if fault is FaultEnum.REFUSED or self._must_be_taken(envelopes[position].destination)
        }

    def _must_be_taken(self, destination: str) -> bool:
        match self._config.unroutable:
            case "refuse":
                return True
            case "accept":
                return False
            case "known":
                return destination in self._read
