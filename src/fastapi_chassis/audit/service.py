"""AuditService: tells the audit store who did what, from the context of the message being handled."""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from fastapi_chassis.application import AbstractUnitOfWork, TransactionRequiredError, current_context
from fastapi_chassis.audit.event import AuditEvent, AuditOutcomeEnum
from fastapi_chassis.audit.store import AuditQuery, AuditRecord, audit_store_for
from fastapi_chassis.domain import BaseEntity, Clock, snake_case
from fastapi_chassis.observability import redact

type Scrub = Callable[[Mapping[str, object]], Mapping[str, object]]

ANONYMOUS = "anonymous"


def scrubbed(details: Mapping[str, object]) -> Mapping[str, object]:
    """Takes secrets out of details, as they are taken out of logs."""
    return cast("Mapping[str, object]", redact(details))


class AuditService:
    """Records what was done; the record and the change are one commit.

    Args:
        unit_of_work: the transaction of the message.
        clock: tells when.
        place: the service in which it is done.
        scrub: takes out of details what may not be kept; its result must be JSON-able.
    """

    def __init__(
        self, unit_of_work: AbstractUnitOfWork, clock: Clock, *, place: str = "", scrub: Scrub = scrubbed
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._place = place
        self._scrub = scrub

    async def record[Key](
        self,
        action: str,
        on: BaseEntity[Key] | None = None,
        *,
        outcome: AuditOutcomeEnum = AuditOutcomeEnum.SUCCEEDED,
        reason: str = "",
        details: Mapping[str, object] | None = None,
    ) -> None:
        """Records an action of the current caller.

        Args:
            action: what was done, such as `item.delete`.
            on: what it was done to.
            outcome: what came of it.
            reason: why.
            details: what else is to be known.

        Raises:
            TransactionRequiredError: there is no transaction to be part of.
        """
        if not self._unit_of_work.is_active:
            raise TransactionRequiredError(f"{action} was to be recorded")
        context = current_context()
        event = AuditEvent(
            actor=context.principal.subject if context.principal else ANONYMOUS,
            action=action,
            at=self._clock.now(),
            place=self._place,
            entity=snake_case(type(on).__name__) if on is not None else "",
            entity_id=str(on.id) if on is not None else "",
            outcome=outcome,
            reason=reason,
            correlation_id=context.correlation_id,
            tenant=context.tenant or "",
            details=self._scrub(details or {}),
        )
        await audit_store_for(self._unit_of_work.session).append([event])

    async def find(self, query: AuditQuery) -> Sequence[AuditRecord]:
        """Returns the records that are wanted."""
        return await audit_store_for(self._unit_of_work.session).find(query)
