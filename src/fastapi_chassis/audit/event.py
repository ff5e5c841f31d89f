"""AuditEvent: who did what to which entity, where, when and why, and what came of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from fastapi_chassis.domain import new_id


class AuditOutcomeEnum(StrEnum):
    """What came of an action."""

    SUCCEEDED = "succeeded"
    DENIED = "denied"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One thing that somebody did.

    Args:
        actor: who: the subject of the caller.
        action: what, such as `item.delete`.
        at: when, with its zone.
        place: where: the service that did it.
        entity: the kind of thing that it was done to.
        entity_id: which one.
        outcome: what came of it.
        reason: why, in the words of whoever knows.
        correlation_id: the conversation in which it was done.
        tenant: whose data it is, in a service for several.
        details: what else is to be known, such as before and after; scrubbed, and JSON-able.
        id: identifies the event.

    Raises:
        TypeError: details are not JSON-able.
    """

    actor: str
    action: str
    at: datetime
    place: str = ""
    entity: str = ""
    entity_id: str = ""
    outcome: AuditOutcomeEnum = AuditOutcomeEnum.SUCCEEDED
    reason: str = ""
    correlation_id: str = ""
    tenant: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
    id: UUID = field(default_factory=new_id)

    def __post_init__(self) -> None:
        # a copy of what JSON keeps: nobody's later change shows, and every store returns the same
        object.__setattr__(self, "details", json.loads(json.dumps(dict(self.details))))
