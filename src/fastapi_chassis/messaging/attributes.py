"""Attributes: an envelope as names and texts that travel beside its payload, and back."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from uuid import UUID

from fastapi_chassis.messaging.cloudevents import is_cloudevent, read_structured, require_single_json
from fastapi_chassis.messaging.codec import UnreadableMessage
from fastapi_chassis.messaging.envelope import Envelope

_VERSION, _AGGREGATE, _CONTENT = "dataversion", "aggregatetype", "content-type"
_REQUIRED = ("id", "type", "source", "time")
_OWN = frozenset({*_REQUIRED, _VERSION, _AGGREGATE})
_TRACES = frozenset({"traceparent", "tracestate", "baggage"})  # as whoever traces looks for them
_PLAIN = _TRACES | _OWN  # a header of an attribute's name travels without the prefix that tells them apart


def attributes_of(envelope: Envelope, prefix: str) -> dict[str, str]:
    """Writes everything but payload, destination and key, as CloudEvents in binary mode name it.

    Args:
        envelope: the message.
        prefix: what the protocol puts before each attribute, such as `ce_`.
    """
    identity, kind, source, time, version, aggregate = _names(prefix)
    written = {
        identity: str(envelope.id),
        kind: envelope.type,
        source: envelope.source,
        time: envelope.time.isoformat(),
        version: str(envelope.version),
        _CONTENT: envelope.content_type,
    }
    if envelope.aggregate_type:
        written[aggregate] = envelope.aggregate_type
    for name, value in envelope.headers.items():
        written[name if name in _PLAIN else f"{prefix}{name}"] = value
    return written


@cache
def _names(prefix: str) -> tuple[str, ...]:
    return tuple(prefix + name for name in (*_REQUIRED, _VERSION, _AGGREGATE))


def envelope_of(
    attributes: Mapping[str, str], prefix: str, *, destination: str, key: str, payload: bytes
) -> Envelope:
    """Reads what `attributes_of` wrote; others are left out, but for those that it writes without the prefix.

    Raises:
        UnreadableMessage: one that must be there is missing, or is not what it should be.
    """
    names = _names(prefix)
    identity, type_name, source, time, version, aggregate = names
    if identity not in attributes and is_cloudevent(kind := attributes.get(_CONTENT, "")):
        require_single_json(kind)
        return read_structured(payload, destination=destination, key=key)
    missing = [name for name in (identity, type_name, source, time) if name not in attributes]
    if missing:
        raise UnreadableMessage(f"it has no {', '.join(missing)}")
    headers: dict[str, str] = {}
    for name, value in attributes.items():
        if name in names:
            continue
        if name.startswith(prefix):
            headers[name[len(prefix) :]] = value
        elif name in _PLAIN:
            headers.setdefault(name, value)
    try:
        return Envelope(
            id=UUID(attributes[identity]),
            type=attributes[type_name],
            version=int(attributes.get(version, "1")),
            source=attributes[source],
            time=datetime.fromisoformat(attributes[time]),
            destination=destination,
            key=key,
            aggregate_type=attributes.get(aggregate, ""),
            payload=payload,
            content_type=attributes.get(_CONTENT, "application/json"),
            headers=headers,
        )
    except ValueError as fault:
        raise UnreadableMessage(f"an attribute is not what it should be: {fault}") from None
