"""Messages: an envelope as properties and headers of AMQP, in the names of CloudEvents, and back."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from uuid import NAMESPACE_URL, UUID, uuid5

from pamqp.commands import Basic
from pamqp.common import FieldTable

from fastapi_chassis.messaging import DeadLetter, Envelope, UnreadableMessage, stand_in

EVENT = "cloudEvents_"  # what attributes of a CloudEvent begin with, by its protocol binding
OURS = "chassis_"
OTHERS = "chassis_headers"  # as JSON: headers whose names are too long, or would be taken for something else
DESTINATION = "chassis_destination"
GROUP = "chassis_group"
REASON = "chassis_reason"
ATTEMPTS = "chassis_attempts"

MAX_HEADERS = 96 * 1024  # bytes: headers lie in one frame, and a larger one ends the connection
MAX_NAME = 128  # bytes: the library cuts longer ones
MAX_REASON = 8 * 1024

_PERSISTENT = 2
_RESERVED = (EVENT, OURS, "x-")
_ATTRIBUTES = frozenset({"id", "type", "source", "time", "partitionkey", "aggregatetype", "dataversion"})


class UnsendableError(ValueError):
    """An envelope does not fit into a message of AMQP; the text says why."""


def properties_of(envelope: Envelope) -> Basic.Properties:
    """Writes what stands beside the payload.

    Raises:
        UnsendableError: it is too large for AMQP.
    """
    headers: FieldTable = {
        "cloudEvents_id": str(envelope.id),
        "cloudEvents_type": envelope.type,
        "cloudEvents_source": envelope.source,
        "cloudEvents_time": envelope.time.isoformat(),
        "cloudEvents_partitionkey": envelope.key,
        "cloudEvents_aggregatetype": envelope.aggregate_type,
        "cloudEvents_dataversion": envelope.version,
    }
    others: dict[str, str] = {}
    for name, value in envelope.headers.items():
        written = _written(name)
        if written is None:
            others[name] = value
        else:
            headers[written] = value
    if others:
        headers[OTHERS] = json.dumps(others)
    _check(envelope, headers)
    return Basic.Properties(
        content_type=envelope.content_type,
        delivery_mode=_PERSISTENT,
        message_id=str(envelope.id),
        headers=headers,
    )


def envelope_of(properties: Basic.Properties, payload: bytes, destination: str) -> Envelope:
    """Reads a message, also of those who know nothing of this library.

    Raises:
        UnreadableMessage: nothing tells it from other messages.
    """
    headers = properties.headers or {}
    identity = _identity(headers, properties.message_id)
    return Envelope(
        id=identity,
        type=_text(headers, "type", properties.message_type or ""),
        version=_version(headers),
        source=_text(headers, "source", properties.app_id or ""),
        time=_time(headers, properties.timestamp),
        destination=_original(headers, destination),
        key=_text(headers, "partitionkey", _text(headers, "subject", str(identity))),
        aggregate_type=_text(headers, "aggregatetype", ""),
        payload=payload,
        content_type=properties.content_type or "",
        headers=_read(headers),
    )


def stand_in_for(properties: Basic.Properties, payload: bytes, destination: str) -> Envelope:
    """Makes an envelope of a message that is none; as a queue has no places, the same bytes are the same."""
    headers = {name: str(value) for name, value in (properties.headers or {}).items()}
    digest = sha256(payload + repr(sorted(headers.items())).encode()).hexdigest()
    return stand_in(
        f"rabbitmq:{destination}/{digest}",
        destination=destination,
        payload=payload,
        attributes={"content-type": properties.content_type or "", **headers},
    )


def dead_properties(
    original: Basic.Properties, outcome: DeadLetter, *, destination: str, group: str, attempts: int
) -> Basic.Properties:
    """Writes the properties of a message that is set aside: its own, and why."""
    reason = outcome.reason.encode("utf-8", "replace")[:MAX_REASON].decode("utf-8", "ignore")
    added: FieldTable = {DESTINATION: destination, GROUP: group, REASON: reason, ATTEMPTS: attempts}
    return Basic.Properties(
        content_type=original.content_type,
        content_encoding=original.content_encoding,
        delivery_mode=_PERSISTENT,
        correlation_id=original.correlation_id,
        message_id=original.message_id,
        timestamp=original.timestamp,
        message_type=original.message_type,
        app_id=original.app_id,
        headers={**(original.headers or {}), **added},
    )


def _check(envelope: Envelope, headers: FieldTable) -> None:
    if len(envelope.destination.encode()) > 255:
        raise UnsendableError("the destination has more than 255 bytes")
    if len(envelope.content_type.encode()) > 255:
        raise UnsendableError("the content type has more than 255 bytes")
    if sum(len(name) + len(str(value).encode()) for name, value in headers.items()) > MAX_HEADERS:
        raise UnsendableError(f"the headers have more than {MAX_HEADERS} bytes")


def _written(name: str) -> str | None:
    """Names a header as it is sent; None if it has to be wrapped."""
    if not name or len(EVENT + name) > MAX_NAME or len(name.encode()) > MAX_NAME:
        return None
    if name.isascii() and name.isalnum() and name == name.lower():
        return EVENT + name if name not in _ATTRIBUTES else name
    return None if name.startswith(_RESERVED) else name


def _read(headers: Mapping[str, object]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers.items():
        if not isinstance(value, str):
            continue
        short = name.removeprefix(EVENT)
        if name == OTHERS:
            found |= _unwrapped(value)
        elif not name.startswith(_RESERVED):
            found[name] = value
        elif name.startswith(EVENT) and short not in _ATTRIBUTES:
            found[short] = value
    return found


def _unwrapped(text: str) -> dict[str, str]:
    try:
        others = json.loads(text)
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in others.items()} if isinstance(others, dict) else {}


def _text(headers: Mapping[str, object], name: str, default: str) -> str:
    value = headers.get(EVENT + name)
    return value if isinstance(value, str) else default


def _identity(headers: Mapping[str, object], message_id: str | None) -> UUID:
    said = _text(headers, "id", "") or message_id or ""
    if not said:
        raise UnreadableMessage("the message has neither cloudEvents_id nor message_id")
    try:
        return UUID(said)
    except ValueError:
        return uuid5(NAMESPACE_URL, f"{_text(headers, 'source', '')}#{said}")


def _version(headers: Mapping[str, object]) -> int:
    said = headers.get("cloudEvents_dataversion", 1)
    return said if isinstance(said, int) else 1


def _time(headers: Mapping[str, object], timestamp: datetime | None) -> datetime:
    try:
        said = datetime.fromisoformat(_text(headers, "time", ""))
    except ValueError:
        said = timestamp or datetime.now(UTC)
    return said if said.tzinfo is not None else said.replace(tzinfo=UTC)


def _original(headers: Mapping[str, object], destination: str) -> str:
    said = headers.get(DESTINATION)
    return said if isinstance(said, str) else destination
