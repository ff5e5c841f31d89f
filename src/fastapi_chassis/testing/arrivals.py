"""Arrivals: which messages the consumers of a service have done with, whatever carries them."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from fastapi_chassis.messaging import (
    Delivery,
    Envelope,
    Outcome,
    Receive,
    Retry,
    Subscribed,
    Subscription,
    Transport,
)


class Arrivals:
    """Stands before a transport and notes what came to its end: handled, or set aside.

    Args:
        transport: carries the messages.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._wanted: dict[str, frozenset[str]] = {}
        self._done: set[tuple[str, UUID]] = set()

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Sends a batch."""
        await self._transport.publish(envelopes)

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        """Begins to take deliveries."""
        group = subscription.group

        async def noted(delivery: Delivery) -> Outcome:
            outcome = await receive(delivery)
            if not isinstance(outcome, Retry):
                self._done.add((group, delivery.envelope.id))
            return outcome

        self._wanted[group] = subscription.destinations
        return await self._transport.subscribe(subscription, noted)

    def lacks(self, destination: str, messages: Iterable[UUID]) -> bool:
        """Whether a group that reads a destination has not done with one of its messages."""
        groups = [group for group, wanted in self._wanted.items() if destination in wanted]
        return any((group, message) not in self._done for message in messages for group in groups)
