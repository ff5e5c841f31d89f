"""Records: envelopes as CloudEvents in Kafka's binary mode, and back."""

from typing import NamedTuple

from aiokafka import ConsumerRecord

from fastapi_chassis.messaging import Envelope, UnreadableMessage, attributes_of, envelope_of, stand_in

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


def stand_in_for(record: "ConsumerRecord[bytes, bytes]") -> Envelope:
    """Makes an envelope of a record that is none."""
    return stand_in(
        f"kafka:{record.topic}/{record.partition}/{record.offset}",
        destination=record.topic,
        payload=record.value or b"",
        attributes={name: value.decode(errors="backslashreplace") for name, value in record.headers},
    )


def dead_record(topic: str, record: "ConsumerRecord[bytes, bytes]", reason: str, attempts: int) -> DeadRecord:
    """Writes a dead letter: the record as it came, and why it was given up."""
    why = [
        (REASON, reason.encode()),
        (ATTEMPTS, str(attempts).encode()),
        (TOPIC, record.topic.encode()),
    ]
    return DeadRecord(topic, record.key or b"", record.value or b"", [*record.headers, *why])
