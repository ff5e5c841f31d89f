"""AuditStore: the port to records that are only ever added, in the transaction of what they tell of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import singledispatch
from typing import Protocol

from fastapi_chassis.audit.event import AuditEvent
from fastapi_chassis.domain import Finding, WiringError


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An event in its place.

    Args:
        sequence: its place, from 1, without gaps.
        event: what was done.
        previous: the digest of the record before it; empty for the first.
        digest: proves this record and, through `previous`, all before it.
    """

    sequence: int
    event: AuditEvent
    previous: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which records are wanted; what is not said doesn't matter.

    Args:
        actor: who did it.
        action: what was done.
        entity: the kind of thing that it was done to.
        entity_id: which one.
        correlation_id: in which conversation.
        since: the earliest time.
        until: the time that is too late.
        after: only records behind this sequence.
        newest_first: turns the order round.
        limit: the most that are returned.
    """

    actor: str | None = None
    action: str | None = None
    entity: str | None = None
    entity_id: str | None = None
    correlation_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: int = 0
    newest_first: bool = False
    limit: int = 100

    def matches(self, record: AuditRecord) -> bool:
        """Whether a record is wanted, whatever the limit."""
        event = record.event
        wanted = (
            (self.actor, event.actor),
            (self.action, event.action),
            (self.entity, event.entity),
            (self.entity_id, event.entity_id),
            (self.correlation_id, event.correlation_id),
        )
        return (
            record.sequence > self.after
            and all(want is None or want == found for want, found in wanted)
            and (self.since is None or event.at >= self.since)
            and (self.until is None or event.at < self.until)
        )


class AuditStore(Protocol):
    """Keeps records; nothing changes or removes one."""

    async def append(self, events: Sequence[AuditEvent]) -> None:
        """Adds events with the transaction, each chained to the one before it; writers take turns."""
        ...

    async def find(self, query: AuditQuery) -> Sequence[AuditRecord]:
        """Returns records in the order of their sequence."""
        ...


@singledispatch
def audit_store_for(session: object) -> AuditStore:
    """Finds the audit store that writes through a session; a store registers its session type.

    Raises:
        WiringError: no store knows this session.
    """
    raise WiringError(
        Finding(
            f"{type(session).__qualname__} has no audit store",
            remedy="use the session of a store that has one: memory, sqlalchemy, odm.",
        )
    )
