"""MeasuredTransport: a transport whose batches and deliveries are counted and timed."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from time import perf_counter

from fastapi_chassis.messaging.envelope import Envelope
from fastapi_chassis.messaging.outcome import Outcome, Retry
from fastapi_chassis.messaging.road_meter import RoadMeter
from fastapi_chassis.messaging.transport import (
    Delivery,
    PublishFailed,
    Receive,
    Subscribed,
    Subscription,
    Transport,
)
from fastapi_chassis.observability import error_type_of


class MeasuredTransport:
    """Does what another transport does, and has it measured.

    Args:
        transport: the other one; its `system` says what kind of broker it speaks to.
        meter: measures.
    """

    def __init__(self, transport: Transport, meter: RoadMeter) -> None:
        self._transport = transport
        self._meter = meter
        self._system = str(getattr(transport, "system", "unknown"))

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Sends a batch."""
        sent, began = partial(self._meter.sent, self._system, envelopes), perf_counter()
        try:
            await self._transport.publish(envelopes)
        except PublishFailed as fault:
            sent(perf_counter() - began, error_type=error_type_of(fault), failed=fault.reasons)
            raise
        except Exception as fault:
            sent(perf_counter() - began, error_type=error_type_of(fault))
            raise
        sent(perf_counter() - began)

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        """Begins to hand deliveries to `receive`."""

        async def measured(delivery: Delivery) -> Outcome:
            if not self._meter.is_on:
                return await receive(delivery)
            return await self._timed(subscription.group, receive, delivery)

        return await self._transport.subscribe(subscription, measured)

    async def _timed(self, group: str, receive: Receive, delivery: Delivery) -> Outcome:
        destination, began = delivery.envelope.destination, perf_counter()
        handled = partial(self._meter.handled, self._system, group, destination)
        try:
            outcome = await receive(delivery)
        except Exception as fault:
            again = Retry(timedelta(0), error_type=error_type_of(fault))
            handled(perf_counter() - began, again)
            raise
        handled(perf_counter() - began, outcome)
        return outcome
