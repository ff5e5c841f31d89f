"""DeadLetterKeeping: a consumer whose dead letters go to the service's own store instead of the broker."""

import logging
from typing import Protocol

from fastapi_chassis.domain import Clock
from fastapi_chassis.messaging.backoff import full_jitter
from fastapi_chassis.messaging.config import RetryConfig
from fastapi_chassis.messaging.dead_letters import DeadLetterRecord, DeadLetterStore
from fastapi_chassis.messaging.outcome import Ack, DeadLetter, Outcome, Retry
from fastapi_chassis.messaging.transport import Delivery, Subscribed, Subscription, Transport
from fastapi_chassis.messaging.verdict import cut, reason_of
from fastapi_chassis.observability import error_type_of

_log = logging.getLogger("fastapi_chassis.messaging.dead_letters")


class Receiver(Protocol):
    """Takes the deliveries of a group."""

    subscription: Subscription

    async def receive(self, delivery: Delivery) -> Outcome:
        """Handles one delivery."""
        ...


class DeadLetterKeeping:
    """Keeps what a consumer gives up, before the broker hears that the message is settled.

    Args:
        consumer: handles the messages; its transactions have ended when it answers.
        store: where dead letters are kept.
        clock: tells when.
        retry: waits where the store is away.
    """

    def __init__(
        self, consumer: Receiver, store: DeadLetterStore, clock: Clock, retry: RetryConfig | None = None
    ) -> None:
        self._consumer = consumer
        self._store = store
        self._clock = clock
        self._retry = retry or RetryConfig()
        self.subscription = consumer.subscription

    async def subscribe(self, transport: Transport) -> Subscribed:
        """Begins to take deliveries."""
        return await transport.subscribe(self.subscription, self.receive)

    async def receive(self, delivery: Delivery) -> Outcome:
        """Handles one delivery; while a dead letter can't be kept, its message comes again."""
        outcome = await self._consumer.receive(delivery)
        if not isinstance(outcome, DeadLetter):
            return outcome
        record = DeadLetterRecord(
            group=self.subscription.group,
            envelope=outcome.envelope or delivery.envelope,
            reason=cut(outcome.reason),
            attempts=delivery.attempt,
            at=self._clock.now(),
        )
        try:
            if not await self._store.add(record):
                _log.info("%s has the dead letter %s already", record.group, record.envelope.id)
                return Ack()
        except Exception as fault:  # noqa: BLE001 - logged, and the broker keeps the message
            reason = f"its dead letter could not be kept: {reason_of(fault)}"
            _log.warning("%s takes %s again: %s", record.group, record.envelope.id, reason)
            return Retry(full_jitter(self._retry, delivery.attempt), reason, error_type_of(fault))
        return Ack(kept=outcome)
