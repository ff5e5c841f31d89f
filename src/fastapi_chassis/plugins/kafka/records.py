"""Records: envelopes as CloudEvents in Kafka's binary mode, and back."""

from aiokafka import ConsumerRecord

from fastapi_chassis.messaging import Envelope, UnreadableMessage, attributes_of, envelope_of
from fastapi_chassis.plugins.kafka.producer import Record

PREFIX = "ce_"
REASON, ATTEMPTS, TOPIC = "dead-reason", "dead-attempts", "dead-topic"


def dead_topic(group: str) -> str:
    """Returns where a group's dead letters lie."""
    return f"{group}.dead"


def record_of(envelope: Envelope) -> Record:
    """Writes an envelope."""
    headers = [(name, value.encode()) for name, value in attributes_of(envelope, PREFIX).items()]
    return Record(envelope.destination, envelope.key.encode(), envelope.payload, headers)


def envelope_in(record: "ConsumerRecord[bytes, bytes]", *, topic: str = "") -> Envelope:
    """Reads an envelope.

    Raises:
        UnreadableMessage: the record is none.
    """
    try:
        attributes = {name: value.decode() for name, value in record.headers}
        key = (record.key or b"").decode()
    except UnicodeDecodeError:
        raise UnreadableMessage("its key or a header is no text") from None
    destination = topic or record.topic
    return envelope_of(attributes, PREFIX, destination=destination, key=key, payload=record.value or b"")


def dead_record(topic: str, envelope: Envelope, reason: str, attempts: int) -> Record:
    """Writes a dead letter: the message as it came, and why it was given up."""
    record = record_of(envelope)
    return Record(
        topic, record.key, record.value, [*record.headers, *_why(envelope.destination, reason, attempts)]
    )


def raw_dead_record(topic: str, record: "ConsumerRecord[bytes, bytes]", reason: str) -> Record:
    """Writes a dead letter of what is no message at all."""
    headers = [*record.headers, *_why(record.topic, reason, 1)]
    return Record(topic, record.key or b"", record.value or b"", headers)


def _why(destination: str, reason: str, attempts: int) -> list[tuple[str, bytes]]:
    return [
        (REASON, reason.encode()),
        (ATTEMPTS, str(attempts).encode()),
        (TOPIC, destination.encode()),
    ]
