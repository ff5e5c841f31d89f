"""Records: envelopes as CloudEvents in Kafka's binary mode, and back."""

from typing import NamedTuple

from aiokafka import ConsumerRecord

from fastapi_chassis.messaging import Envelope, UnreadableMessage, attributes_of, envelope_of

PREFIX = "ce_"
REASON, ATTEMPTS, TOPIC = "dead-reason", "dead-attempts", "dead-topic"


def dead_topic(group: str) -> str:
    """Returns where a group's dead letters lie."""
    return f"{group}.dead"


class EnvelopeRecord(NamedTuple):
    """An envelope on its way out."""

    envelope: Envelope

    @property
    def topic(self) -> str:
        """Where it goes."""
        return self.envelope.destination

    @property
    def key(self) -> bytes:
        """What decides on the partition."""
        return self.envelope.key.encode()

    @property
    def value(self) -> bytes:
        """The payload."""
        return self.envelope.payload

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """The attributes of the envelope."""
        return [(name, value.encode()) for name, value in attributes_of(self.envelope, PREFIX).items()]


class DeadRecord(NamedTuple):
    """A dead letter on its way out."""

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


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


def dead_record(topic: str, envelope: Envelope, reason: str, attempts: int) -> DeadRecord:
    """Writes a dead letter: the message as it came, and why it was given up."""
    record = EnvelopeRecord(envelope)
    headers = [*record.headers, *_why(envelope.destination, reason, attempts)]
    return DeadRecord(topic, record.key, record.value, headers)


def raw_dead_record(topic: str, record: "ConsumerRecord[bytes, bytes]", reason: str) -> DeadRecord:
    """Writes a dead letter of what is no message at all."""
    headers = [*record.headers, *_why(record.topic, reason, 1)]
    return DeadRecord(topic, record.key or b"", record.value or b"", headers)


def _why(destination: str, reason: str, attempts: int) -> list[tuple[str, bytes]]:
    return [
        (REASON, reason.encode()),
        (ATTEMPTS, str(attempts).encode()),
        (TOPIC, destination.encode()),
    ]
