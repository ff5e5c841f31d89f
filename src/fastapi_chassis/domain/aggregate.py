"""BaseAggregate: an entity that guards its rules, counts its versions and records what happened."""

from dataclasses import field
from uuid import UUID

from fastapi_chassis.domain.entity import BaseEntity
from fastapi_chassis.domain.events import Event
from fastapi_chassis.domain.identity import new_id


class BaseAggregate(BaseEntity[UUID]):
    """The boundary of consistency: changed as a whole, saved as a whole.

    Args:
        id: the identity; a new UUIDv7 by default.
        version: how many times it was saved; the repository counts and checks it.
    """

    id: UUID = field(default_factory=new_id)
    version: int = 0

    def record(self, event: Event) -> None:
        """Notes what happened; the unit of work hands it on when it commits."""
        self.__dict__.setdefault("_events", []).append(event)

    @property
    def recorded_events(self) -> tuple[Event, ...]:
        """What happened since the last save, in order."""
        return tuple(self.__dict__.get("_events", ()))

    def release_events(self) -> tuple[Event, ...]:
        """Returns what happened and forgets it; called once, by the unit of work."""
        return tuple(self.__dict__.pop("_events", ()))
