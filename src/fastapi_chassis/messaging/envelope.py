"""Envelope: one message on its way, its bytes made once and never touched again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A message as it travels.

    Args:
        id: identifies the message; an inbox knows it by this.
        type: the message's name, such as `item_created`.
        version: the version of its shape.
        source: the service that sent it.
        time: when it happened.
        destination: the topic, such as `integration-events.item_created`.
        key: what keeps its order: messages of one key arrive as they were sent.
        aggregate_type: the kind of aggregate that it tells of.
        payload: the encoded body.
        content_type: what the payload is.
        headers: what goes along: correlation, trace, tenant.
    """

    id: UUID
    type: str
    version: int = 1
    source: str
    time: datetime
    destination: str
    key: str
    aggregate_type: str = ""
    payload: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
