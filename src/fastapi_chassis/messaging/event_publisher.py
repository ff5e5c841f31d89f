"""create_event_publisher(): single events, through the outbox of a session or straight to the broker."""

from typing import Protocol

from fastapi_chassis.application import RecordedEvent
from fastapi_chassis.domain import Finding, IntegrationEvent, WiringError
from fastapi_chassis.messaging.config import MessagingConfig
from fastapi_chassis.messaging.outbox import OutboxStore, outbox_for
from fastapi_chassis.messaging.publisher import EnvelopeWriter, writer_for
from fastapi_chassis.messaging.transport import Transport


class EventPublisher(Protocol):
    """Publishes one event."""

    async def publish(self, event: IntegrationEvent, *, key: str = "") -> None:
        """Publishes an event.

        Args:
            event: what happened.
            key: what keeps the order, usually the id of the aggregate; without one, the event has no order.
        """
        ...


class _ToOutbox:
    """Leaves with the transaction of the session, or not at all."""

    def __init__(self, writer: EnvelopeWriter, outbox: OutboxStore) -> None:
        self._writer = writer
        self._outbox = outbox

    async def publish(self, event: IntegrationEvent, *, key: str = "") -> None:
        await self._outbox.add([self._writer.write(RecordedEvent(event, "", key))])


class _ToTransport:
    """Leaves at once, whatever becomes of any transaction."""

    def __init__(self, writer: EnvelopeWriter, transport: Transport) -> None:
        self._writer = writer
        self._transport = transport

    async def publish(self, event: IntegrationEvent, *, key: str = "") -> None:
        await self._transport.publish([self._writer.write(RecordedEvent(event, "", key))])


def create_event_publisher(
    config: MessagingConfig,
    *,
    session: object = None,
    transport: Transport | None = None,
    source: str = "service",
) -> EventPublisher:
    """Makes the publisher that the configuration asks for.

    Args:
        config: `enable_outbox` decides.
        session: with the outbox: the session whose transaction the events join.
        transport: without the outbox: where the events go.
        source: the service that sends.

    Raises:
        WiringError: what the choice needs was not given, or the session's store has no outbox.
    """
    writer = writer_for(config, source=source)
    if config.enable_outbox:
        if session is None:
            raise _missing("enable_outbox is true and no session was given", "session=unit_of_work.session")
        return _ToOutbox(writer, outbox_for(session))
    if transport is None:
        raise _missing("enable_outbox is false and no transport was given", "transport=...")
    return _ToTransport(writer, transport)


def _missing(what: str, argument: str) -> WiringError:
    return WiringError(Finding(what, "create_event_publisher", f"call it with {argument}."))
