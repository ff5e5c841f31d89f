"""Envelopes: a message as the values of a row, in the names that Debezium's outbox router expects."""

from collections.abc import Sequence
from typing import Any, Final

from fastapi_chassis.messaging import Envelope

NAMES: Final = (
    *("id", "type", "version", "source", "occurred_at", "destination"),
    *("aggregateid", "aggregatetype", "payload", "content_type", "headers"),
)


def values_of(envelope: Envelope) -> tuple[object, ...]:
    """Returns the values of a message, in the order of the names."""
    return (
        envelope.id,
        envelope.type,
        envelope.version,
        envelope.source,
        envelope.time,
        envelope.destination,
        envelope.key,
        envelope.aggregate_type,
        envelope.payload,
        envelope.content_type,
        dict(envelope.headers),
    )


def envelope_of(values: Sequence[Any]) -> Envelope:
    """Makes a message of values in the order of the names."""
    identity, kind, version, source, time, destination, key, aggregate, payload, content, headers = values
    return Envelope(
        id=identity,
        type=kind,
        version=version,
        source=source,
        time=time,
        destination=destination,
        key=key,
        aggregate_type=aggregate,
        payload=payload,
        content_type=content,
        headers=headers,
    )
