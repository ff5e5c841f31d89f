"""Envelopes: a message as the values of a row, in the names that Debezium's outbox router expects."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import JSON, Column, Integer, LargeBinary, Text

from fastapi_chassis.messaging import Envelope
from fastapi_chassis.plugins.sqlalchemy.columns import moment_type

NAMES: Final = (
    *("id", "type", "version", "source", "occurred_at", "destination"),
    *("aggregateid", "aggregatetype", "payload", "content_type", "headers"),
)


def envelope_columns() -> tuple[Column[Any], ...]:
    """Makes the columns of a message, but for its id, which each table has in its own way.

    Their names are those that Debezium's outbox event router expects, so that change-data-capture can take
    over. The payload is bytes: whatever the codec, they leave as they came.
    """
    return (
        Column("aggregatetype", Text, nullable=False),
        Column("aggregateid", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("payload", LargeBinary, nullable=False),
        Column("headers", JSON, nullable=False),
        Column("destination", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("source", Text, nullable=False),
        Column("content_type", Text, nullable=False),
        Column("occurred_at", moment_type(), nullable=False),
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
