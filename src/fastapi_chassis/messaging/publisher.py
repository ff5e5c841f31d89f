"""Publishers: the sinks of a unit of work, which turn integration events into envelopes."""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import partial

from fastapi_chassis.application import AbstractUnitOfWork, RecordedEvent, current_context
from fastapi_chassis.messaging.cloudevents import sealed
from fastapi_chassis.messaging.codec import Codec, codec_for
from fastapi_chassis.messaging.config import MessagingConfig
from fastapi_chassis.messaging.conversation import headers_of
from fastapi_chassis.messaging.envelope import Envelope
from fastapi_chassis.messaging.outbox import outbox_for
from fastapi_chassis.messaging.partitions import partition_of
from fastapi_chassis.messaging.routing import Routing
from fastapi_chassis.messaging.transport import Transport

_log = logging.getLogger("fastapi_chassis.messaging")


def _nobody(partitions: Collection[int] = ()) -> None:
    del partitions


class EnvelopeWriter:
    """Makes the envelope of an event: its bytes, where it goes, and the conversation that it belongs to.

    Args:
        codec: writes the bytes.
        source: the service that sends.
        routing: where events go.
        structured: whether the payload is the whole event, as CloudEvents in structured mode.
        threshold: how many bytes of data that holds for; a larger payload stays apart, for a claim check.
    """

    def __init__(
        self,
        codec: Codec,
        *,
        source: str,
        routing: Routing | None = None,
        structured: bool = False,
        threshold: int | None = None,
    ) -> None:
        self._codec = codec
        self._structured = structured
        self._threshold = threshold
        self._source = source
        self._routing = routing or Routing()

    def write(self, recorded: RecordedEvent) -> Envelope:
        """Makes the envelope of one event, in the context at hand."""
        event = recorded.event
        body = self._codec.write(event)
        envelope = Envelope(
            id=event.event_id,
            type=event.message_name,
            version=event.event_version,
            source=self._source,
            time=event.occurred_at,
            destination=self._routing.destination_of(type(event)),
            key=self._routing.key_of(recorded),
            aggregate_type=recorded.aggregate_type,
            payload=body.payload,
            content_type=body.content_type,
            headers=headers_of(current_context()) | body.headers,
        )
        is_large = self._threshold is not None and len(body.payload) > self._threshold
        return sealed(envelope) if self._structured and not is_large else envelope


def writer_for(config: MessagingConfig, *, source: str) -> EnvelopeWriter:
    """Makes the writer that the configuration asks for.

    Args:
        config: codec and destinations.
        source: the service that sends.
    """
    return EnvelopeWriter(
        codec_for(config),
        source=source,
        routing=Routing(config.destination_prefix),
        structured=config.codec == "cloudevents-structured",
        threshold=config.claim_check.threshold,
    )


class OutboxPublisher:
    """Stores events with the business data, in one transaction, and wakes the relay when it is committed.

    Args:
        writer: makes the envelopes.
        wake: called after the commit with the partitions of the messages; must not block. Usually
            `relay.wake`.
    """

    def __init__(self, writer: EnvelopeWriter, *, wake: Callable[[Collection[int]], None] = _nobody) -> None:
        self._writer = writer
        self._wake = wake

    async def accept(self, events: Sequence[RecordedEvent], unit_of_work: AbstractUnitOfWork) -> None:
        """Writes events into the outbox of the unit of work."""
        envelopes = [self._writer.write(recorded) for recorded in events]
        await outbox_for(unit_of_work.session).add(envelopes)
        partitions = {partition_of(one.key) for one in envelopes}
        unit_of_work.after_commit(partial(self._wake, partitions))


class DirectPublisher:
    """Publishes after the commit, without an outbox: a crash in between, or a lost broker, loses events.

    Args:
        writer: makes the envelopes.
        transport: takes them.
    """

    def __init__(self, writer: EnvelopeWriter, transport: Transport) -> None:
        self._writer = writer
        self._transport = transport
        self._sending: set[asyncio.Task[None]] = set()

    async def accept(self, events: Sequence[RecordedEvent], unit_of_work: AbstractUnitOfWork) -> None:
        """Makes the envelopes now, so that a fault fails the transaction, and sends them once it stands."""
        envelopes = [self._writer.write(recorded) for recorded in events]
        unit_of_work.after_commit(lambda: self._begin(envelopes))

    async def drain(self) -> None:
        """Returns when everything that was accepted has been sent, or was lost."""
        while self._sending:
            await asyncio.wait(self._sending)

    async def stop(self, within: float = 5.0) -> None:
        """Waits for what is being sent, and gives up what is not sent in time.

        Args:
            within: seconds.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self.drain()
        for sending in self._sending:
            sending.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    def _begin(self, envelopes: Sequence[Envelope]) -> None:
        sending = asyncio.create_task(self._send(envelopes), name="publish after commit")
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)

    async def _send(self, envelopes: Sequence[Envelope]) -> None:
        try:
            await self._transport.publish(envelopes)
        except asyncio.CancelledError:
            _log.error("of %d messages some were lost: they were not sent in time", len(envelopes))
            raise
        except Exception:  # noqa: BLE001 - the commit stands, and nobody waits for this
            _log.exception("of %d messages some were lost: there is no outbox", len(envelopes))
