"""Messages: an envelope as the four fields of an entry in a stream, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import orjson

from fastapi_chassis.messaging import Envelope, UnreadableMessage, attributes_of, envelope_of, stand_in

PREFIX = "ce-"
DESTINATION, KEY, ATTRIBUTES, PAYLOAD = b"destination", b"key", b"attributes", b"payload"
REASON, ATTEMPTS = b"dead-reason", b"dead-attempts"
MAX_REASON = 8 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """What lies in a stream.

    Args:
        id: its place there.
        fields: names and values; none where it was removed before it was settled.
    """

    id: bytes
    fields: Mapping[bytes, bytes]


def fields_of(envelope: Envelope) -> tuple[bytes, bytes, bytes, bytes]:
    """Writes destination, key, attributes and payload.

    Raises:
        ValueError: a text is none.
    """
    try:
        attributes = orjson.dumps(attributes_of(envelope, PREFIX))
    except TypeError as fault:
        raise ValueError(str(fault)) from None
    return envelope.destination.encode(), envelope.key.encode(), attributes, envelope.payload


def envelope_in(fields: Mapping[bytes, bytes]) -> Envelope:
    """Reads an envelope; a message without a key is an order of its own.

    Raises:
        UnreadableMessage: it is none.
    """
    missing = [name.decode() for name in (DESTINATION, ATTRIBUTES, PAYLOAD) if name not in fields]
    if missing:
        raise UnreadableMessage(f"it has no {', '.join(missing)}")
    try:
        read: object = orjson.loads(fields[ATTRIBUTES])
        destination, key = fields[DESTINATION].decode(), fields.get(KEY, b"").decode()
    except ValueError as fault:
        raise UnreadableMessage(f"it can't be read: {fault}") from None
    if not isinstance(read, dict) or not all(isinstance(value, str) for value in read.values()):
        raise UnreadableMessage("its attributes are no texts")
    attributes = cast("dict[str, str]", read)
    if KEY not in fields:
        key = attributes.get(f"{PREFIX}id", "")
    return envelope_of(attributes, PREFIX, destination=destination, key=key, payload=fields[PAYLOAD])


def stand_in_for(entry: Entry, stream: str) -> Envelope:
    """Makes an envelope of an entry that is none."""
    fields = {
        name.decode(errors="backslashreplace"): value.decode(errors="backslashreplace")
        for name, value in entry.fields.items()
    }
    return stand_in(
        f"redis:{stream}/{entry.id.decode()}",
        destination=fields.get(DESTINATION.decode(), stream),
        payload=entry.fields.get(PAYLOAD, b""),
        attributes=fields,
    )


def entries_in(reply: object) -> list[Entry]:
    """Reads what a stream gave."""
    found = cast("Sequence[tuple[bytes, Sequence[bytes] | None]]", reply)
    return [
        Entry(place, dict(zip(words[::2], words[1::2], strict=True)) if words else {})
        for place, words in found
    ]


def dead_fields(entry: Entry, reason: str, attempts: int) -> dict[bytes, bytes]:
    """Writes a dead letter: the message as it came, and why it was given up.

    Args:
        entry: as it came.
        reason: why.
        attempts: how often it was tried.
    """
    kept = reason.encode("utf-8", "replace")[:MAX_REASON].decode("utf-8", "ignore").encode()
    return {**entry.fields, REASON: kept, ATTEMPTS: str(attempts).encode()}
