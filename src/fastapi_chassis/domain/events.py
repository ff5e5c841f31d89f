"""Events: what happened, said inside the service (DomainEvent) or to the others (IntegrationEvent)."""

from dataclasses import field
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from fastapi_chassis.domain.identity import new_id
from fastapi_chassis.domain.message import Message


def _now() -> datetime:
    return datetime.now(UTC)


class Event(Message):
    """Something that happened.

    Args:
        event_id: identifies this occurrence wherever it travels.
        occurred_at: when, in UTC.
    """

    event_id: UUID = field(default_factory=new_id, compare=False)
    occurred_at: datetime = field(default_factory=_now, compare=False)


class DomainEvent(Event):
    """Something that happened, for handlers of the same service in the same transaction."""


class IntegrationEvent(Event):
    """Something that happened, for other modules and services, after the commit.

    Args:
        name: the name on the wire; the class name in snake case by default.
        version: raised when the shape changes; starts at 1.
    """

    event_version: ClassVar[int] = 1
    # a reader keeps working when a newer writer adds a field; any bytes can travel in JSON
    __pydantic_config__: ClassVar[dict[str, object]] = {
        **Message.__pydantic_config__,
        "extra": "ignore",
        "ser_json_bytes": "base64",
        "val_json_bytes": "base64",
    }

    def __init_subclass__(cls, *, name: str | None = None, version: int = 1, **options: object) -> None:
        super().__init_subclass__(name=name, **options)
        cls.event_version = version
