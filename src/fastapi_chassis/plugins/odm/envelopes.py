"""Envelopes: the fields of a document that hold a message."""

from collections.abc import Mapping
from typing import Any

from fastapi_chassis.messaging import Envelope
from fastapi_chassis.plugins.odm.codec import Document
from fastapi_chassis.plugins.odm.notes import micros, moment_of


def fields_of_envelope(envelope: Envelope) -> Document:
    """Writes a message."""
    return {
        "id": envelope.id,
        "type": envelope.type,
        "version": envelope.version,
        "source": envelope.source,
        "time": micros(envelope.time),
        "destination": envelope.destination,
        "key": envelope.key,
        "aggregate_type": envelope.aggregate_type,
        "payload": envelope.payload,
        "content_type": envelope.content_type,
        "headers": [list(pair) for pair in envelope.headers.items()],  # a key may hold dots and dollars
    }


def envelope_of(document: Mapping[str, Any]) -> Envelope:
    """Reads what `fields_of_envelope` wrote."""
    return Envelope(
        id=document["id"],
        type=document["type"],
        version=int(document["version"]),
        source=document["source"],
        time=moment_of(int(document["time"])),
        destination=document["destination"],
        key=document["key"],
        aggregate_type=document["aggregate_type"],
        payload=bytes(document["payload"]),
        content_type=document["content_type"],
        headers=dict(document["headers"]),
    )
