"""The road between services, free of any broker: publisher, outbox, relay, transport, consumer, inbox."""

from fastapi_chassis.messaging.attributes import attributes_of, envelope_of
from fastapi_chassis.messaging.codec import (
    Body,
    CloudEventsCodec,
    Codec,
    EventDataCodec,
    UnreadableMessage,
    codec_for,
)
from fastapi_chassis.messaging.config import InboxConfig, MessagingConfig, RelayConfig, RetryConfig
from fastapi_chassis.messaging.consumer import Consumer
from fastapi_chassis.messaging.deliveries import Deliveries, Held
from fastapi_chassis.messaging.envelope import Envelope
from fastapi_chassis.messaging.event_publisher import EventPublisher, create_event_publisher
from fastapi_chassis.messaging.handlers_map import consumers_from
from fastapi_chassis.messaging.inbox import InboxStore, inbox_for
from fastapi_chassis.messaging.maintenance import InboxPurge
from fastapi_chassis.messaging.mapper import EventMapper
from fastapi_chassis.messaging.mediator import IntegrationEventMediator, create_integration_event_mediator
from fastapi_chassis.messaging.memory import DeadMessage, InMemoryTransport
from fastapi_chassis.messaging.memory_stores import InMemoryInbox, InMemoryOutbox
from fastapi_chassis.messaging.outbox import Backlog, Claim, OutboxEntry, OutboxStore, outbox_for
from fastapi_chassis.messaging.outcome import Ack, DeadLetter, Outcome, Retry
from fastapi_chassis.messaging.publisher import DirectPublisher, EnvelopeWriter, OutboxPublisher
from fastapi_chassis.messaging.registry import EventRegistry
from fastapi_chassis.messaging.relay import Relay, RelayStateEnum
from fastapi_chassis.messaging.routing import Routing
from fastapi_chassis.messaging.transport import (
    Delivery,
    PublishFailed,
    Receive,
    Subscribed,
    Subscription,
    Transport,
)

__all__ = (
    "Ack",
    "Backlog",
    "Body",
    "Claim",
    "CloudEventsCodec",
    "Codec",
    "Consumer",
    "DeadLetter",
    "DeadMessage",
    "Deliveries",
    "Delivery",
    "DirectPublisher",
    "Envelope",
    "EnvelopeWriter",
    "EventDataCodec",
    "EventMapper",
    "EventPublisher",
    "EventRegistry",
    "Held",
    "InMemoryInbox",
    "InMemoryOutbox",
    "InMemoryTransport",
    "InboxConfig",
    "InboxPurge",
    "InboxStore",
    "IntegrationEventMediator",
    "MessagingConfig",
    "OutboxEntry",
    "OutboxPublisher",
    "OutboxStore",
    "Outcome",
    "PublishFailed",
    "Receive",
    "Relay",
    "RelayConfig",
    "RelayStateEnum",
    "Retry",
    "RetryConfig",
    "Routing",
    "Subscribed",
    "Subscription",
    "Transport",
    "UnreadableMessage",
    "attributes_of",
    "codec_for",
    "consumers_from",
    "create_event_publisher",
    "create_integration_event_mediator",
    "envelope_of",
    "inbox_for",
    "outbox_for",
)
