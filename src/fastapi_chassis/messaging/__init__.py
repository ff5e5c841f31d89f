"""The road between services, free of any broker: publisher, outbox, relay, transport, consumer, inbox."""

from fastapi_chassis.messaging.assignment import Assignment, ReadLease
from fastapi_chassis.messaging.asyncapi import DescribedConsumer, DescribedEvent, asyncapi_document, said_of
from fastapi_chassis.messaging.asyncapi_bindings import Carrier
from fastapi_chassis.messaging.attributes import attributes_of, envelope_of
from fastapi_chassis.messaging.backoff import attempted_again, full_jitter
from fastapi_chassis.messaging.burial import bury_until_kept
from fastapi_chassis.messaging.claim_check import DATAREF, ClaimCheckStore
from fastapi_chassis.messaging.claim_check_receiver import ClaimCheckReceiver
from fastapi_chassis.messaging.claim_check_transport import ClaimCheckTransport
from fastapi_chassis.messaging.cloudevents import (
    STRUCTURED,
    ce_attributes,
    opened,
    read_attributes,
    read_structured,
    sealed,
    write_structured,
)
from fastapi_chassis.messaging.codec import (
    Body,
    CloudEventsCodec,
    Codec,
    EventDataCodec,
    UnreadableMessage,
    codec_for,
)
from fastapi_chassis.messaging.commands import CommandConsumer, CommandWriter, commands_of
from fastapi_chassis.messaging.config import (
    ClaimCheckConfig,
    ConsumerConfig,
    DeadLetterConfig,
    InboxConfig,
    MessagingConfig,
    PurgeConfig,
    RelayConfig,
    RetryConfig,
    SchedulerConfig,
)
from fastapi_chassis.messaging.consumer import Consumer
from fastapi_chassis.messaging.dead_letter_desk import DeadLetters, Handled
from fastapi_chassis.messaging.dead_letter_keeping import DeadLetterKeeping, Receiver
from fastapi_chassis.messaging.dead_letters import (
    DeadLetterQuery,
    DeadLetterRecord,
    DeadLetterStateEnum,
    DeadLetterStore,
)
from fastapi_chassis.messaging.deliveries import Deliveries, Held
from fastapi_chassis.messaging.envelope import Envelope
from fastapi_chassis.messaging.event_publisher import EventPublisher, create_event_publisher
from fastapi_chassis.messaging.file_claim_check import FileClaimCheckStore
from fastapi_chassis.messaging.handlers_map import consumers_from
from fastapi_chassis.messaging.http_events import envelope_from_http, http_request_of
from fastapi_chassis.messaging.inbox import InboxStore, inbox_for
from fastapi_chassis.messaging.lazy_connection import LazyConnection
from fastapi_chassis.messaging.mapper import EventMapper
from fastapi_chassis.messaging.measured_transport import MeasuredTransport
from fastapi_chassis.messaging.mediator import IntegrationEventMediator, create_integration_event_mediator
from fastapi_chassis.messaging.memory import DeadMessage, InMemoryTransport
from fastapi_chassis.messaging.memory_claim_check import InMemoryClaimCheckStore
from fastapi_chassis.messaging.memory_dead_letters import InMemoryDeadLetters
from fastapi_chassis.messaging.memory_schedule import InMemorySchedule
from fastapi_chassis.messaging.memory_stores import InMemoryInbox, InMemoryLeases, InMemoryOutbox
from fastapi_chassis.messaging.outbox import Backlog, Bell, Claim, OutboxEntry, OutboxStore, outbox_for
from fastapi_chassis.messaging.outbox_meter import OutboxMeter
from fastapi_chassis.messaging.outcome import Ack, DeadLetter, Outcome, Retry
from fastapi_chassis.messaging.partitions import (
    PARTITIONS,
    Holding,
    Lease,
    PartitionLeases,
    partition_of,
    to_take,
)
from fastapi_chassis.messaging.publisher import (
    DirectPublisher,
    EnvelopeWriter,
    OutboxPublisher,
    writer_for,
)
from fastapi_chassis.messaging.purge import Purge
from fastapi_chassis.messaging.refused import OnceMoreOut, Refused, outbox_group
from fastapi_chassis.messaging.registry import EventRegistry
from fastapi_chassis.messaging.relay import Relay, RelayStateEnum
from fastapi_chassis.messaging.road_meter import UNREADABLE, RoadMeter
from fastapi_chassis.messaging.routing import Routing
from fastapi_chassis.messaging.schedule import Due, Outlook, ScheduleStore, schedule_for
from fastapi_chassis.messaging.scheduled import SendingWriter, TransactionalSchedule
from fastapi_chassis.messaging.scheduler import Scheduler
from fastapi_chassis.messaging.seats import Seats
from fastapi_chassis.messaging.transport import (
    Delivery,
    PublishFailed,
    Receive,
    Subscribed,
    Subscription,
    Transport,
)
from fastapi_chassis.messaging.unreadable import stand_in
from fastapi_chassis.messaging.upcasters import Upcaster, Upcasters, upcaster
from fastapi_chassis.messaging.verdict import is_cancelled

__all__ = (
    "DATAREF",
    "PARTITIONS",
    "STRUCTURED",
    "UNREADABLE",
    "Ack",
    "Assignment",
    "Backlog",
    "Bell",
    "Body",
    "Carrier",
    "Claim",
    "ClaimCheckConfig",
    "ClaimCheckReceiver",
    "ClaimCheckStore",
    "ClaimCheckTransport",
    "CloudEventsCodec",
    "Codec",
    "CommandConsumer",
    "CommandWriter",
    "Consumer",
    "ConsumerConfig",
    "DeadLetter",
    "DeadLetterConfig",
    "DeadLetterKeeping",
    "DeadLetterQuery",
    "DeadLetterRecord",
    "DeadLetterStateEnum",
    "DeadLetterStore",
    "DeadLetters",
    "DeadMessage",
    "Deliveries",
    "Delivery",
    "DescribedConsumer",
    "DescribedEvent",
    "DirectPublisher",
    "Due",
    "Envelope",
    "EnvelopeWriter",
    "EventDataCodec",
    "EventMapper",
    "EventPublisher",
    "EventRegistry",
    "FileClaimCheckStore",
    "Handled",
    "Held",
    "Holding",
    "InMemoryClaimCheckStore",
    "InMemoryDeadLetters",
    "InMemoryInbox",
    "InMemoryLeases",
    "InMemoryOutbox",
    "InMemorySchedule",
    "InMemoryTransport",
    "InboxConfig",
    "InboxStore",
    "IntegrationEventMediator",
    "LazyConnection",
    "Lease",
    "MeasuredTransport",
    "MessagingConfig",
    "OnceMoreOut",
    "OutboxEntry",
    "OutboxMeter",
    "OutboxPublisher",
    "OutboxStore",
    "Outcome",
    "Outlook",
    "PartitionLeases",
    "PublishFailed",
    "Purge",
    "PurgeConfig",
    "ReadLease",
    "Receive",
    "Receiver",
    "Refused",
    "Relay",
    "RelayConfig",
    "RelayStateEnum",
    "Retry",
    "RetryConfig",
    "RoadMeter",
    "Routing",
    "ScheduleStore",
    "Scheduler",
    "SchedulerConfig",
    "Seats",
    "SendingWriter",
    "Subscribed",
    "Subscription",
    "TransactionalSchedule",
    "Transport",
    "UnreadableMessage",
    "Upcaster",
    "Upcasters",
    "asyncapi_document",
    "attempted_again",
    "attributes_of",
    "bury_until_kept",
    "ce_attributes",
    "codec_for",
    "commands_of",
    "consumers_from",
    "create_event_publisher",
    "create_integration_event_mediator",
    "envelope_from_http",
    "envelope_of",
    "full_jitter",
    "http_request_of",
    "inbox_for",
    "is_cancelled",
    "opened",
    "outbox_for",
    "outbox_group",
    "partition_of",
    "read_attributes",
    "read_structured",
    "said_of",
    "schedule_for",
    "sealed",
    "stand_in",
    "to_take",
    "upcaster",
    "write_structured",
    "writer_for",
)
