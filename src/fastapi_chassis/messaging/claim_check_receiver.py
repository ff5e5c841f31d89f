"""ClaimCheckReceiver: a receiver that gets the payload in place of its reference."""

import asyncio
import logging
from dataclasses import replace

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging.claim_check import DATAREF, ClaimCheckStore, check_of, with_payload
from fastapi_chassis.messaging.cloudevents import is_cloudevent, opened
from fastapi_chassis.messaging.codec import UnreadableMessage
from fastapi_chassis.messaging.config import MessagingConfig
from fastapi_chassis.messaging.dead_letter_keeping import Receiver
from fastapi_chassis.messaging.envelope import Envelope
from fastapi_chassis.messaging.outcome import DeadLetter, Outcome, Retry
from fastapi_chassis.messaging.road_meter import UNREADABLE
from fastapi_chassis.messaging.transport import Delivery, Subscribed, Transport
from fastapi_chassis.messaging.verdict import cut, verdict_on

_log = logging.getLogger("fastapi_chassis.messaging.claim_check")


class ClaimCheckReceiver:
    """Fetches payloads that were left in a store, and hands everything else on as it came.

    While the store is away the message comes again, and no attempt is counted. A payload that is not there,
    or is not the right one, is looked for as often as a handler may fail; then the message is a dead letter.

    Args:
        receiver: handles the messages.
        store: where payloads lie; without one, a message without its payload is a dead letter.
        config: attempts, waits, and how large a payload may be.
    """

    def __init__(self, receiver: Receiver, store: ClaimCheckStore | None, config: MessagingConfig) -> None:
        self._receiver = receiver
        self._store = store
        self._config = config
        self.subscription = receiver.subscription

    async def subscribe(self, transport: Transport) -> Subscribed:
        """Begins to take deliveries."""
        return await transport.subscribe(self.subscription, self.receive)

    async def receive(self, delivery: Delivery) -> Outcome:
        """Handles one delivery, with its payload; what is given up then is given up with its payload."""
        envelope = delivery.envelope
        is_whole = DATAREF not in envelope.headers and not is_cloudevent(envelope.content_type)
        if is_whole or delivery.unreadable:
            return await self._receiver.receive(delivery)
        try:
            whole = await self._whole(opened(envelope))
        except Exception as fault:  # noqa: BLE001 - whatever it is, it settles the message
            return self._judge(delivery, fault)
        outcome = await self._receiver.receive(replace(delivery, envelope=whole))
        return replace(outcome, envelope=whole) if isinstance(outcome, DeadLetter) else outcome

    async def _whole(self, envelope: Envelope) -> Envelope:
        if DATAREF not in envelope.headers:
            return envelope
        # CloudEvents allows both: then the data counts, and the reference concerns nobody further on
        return with_payload(envelope, envelope.payload or await self._payload_of(envelope))

    async def _payload_of(self, envelope: Envelope) -> bytes:
        check, largest = check_of(envelope.headers), self._config.claim_check.largest
        if self._store is None:
            raise UnreadableMessage(f"its payload {check.name} lies in a store, and this service has none")
        if check.size > largest:
            raise UnreadableMessage(
                f"its payload has {check.size} bytes, and messaging.claim_check.largest is {largest}"
            )
        try:
            async with asyncio.timeout(self._config.claim_check.timeout):
                return check.verify(await self._store.get(check.name))
        except TimeoutError:
            raise UnavailableException("the store of payloads does not answer") from None

    def _judge(self, delivery: Delivery, fault: Exception) -> Outcome:
        group, told = self.subscription.group, delivery.envelope.id
        if isinstance(fault, UnreadableMessage):
            _log.error("%s can't take %s: %s", group, told, fault)
            return DeadLetter(cut(str(fault)), UNREADABLE)
        outcome = verdict_on(fault, delivery.attempt, self._config)
        if isinstance(outcome, Retry):
            _log.warning("%s takes %s again: %s", group, told, outcome.reason)
        else:
            _log.error("%s gives up on %s: %s", group, told, outcome.reason)
        return outcome
