"""InMemoryAuditStore: the memory twin of the audit store, in the memory store of repositories."""

from collections.abc import Sequence
from copy import deepcopy
from typing import cast

from fastapi_chassis.application import MemorySession
from fastapi_chassis.audit.chain import Anchor, chained
from fastapi_chassis.audit.event import AuditEvent
from fastapi_chassis.audit.store import AuditQuery, AuditRecord, audit_store_for

_HEAD = "head of the audit chain"


class InMemoryAuditStore:
    """The records of a memory store.

    Args:
        session: the transaction that they are part of.
    """

    def __init__(self, session: MemorySession) -> None:
        self._session = session

    async def append(self, events: Sequence[AuditEvent]) -> None:
        """Adds events with the transaction."""
        await self._session.hold(_HEAD)
        head = cast("Anchor | None", self._session.row(Anchor, _HEAD)) or Anchor()
        for record in chained(deepcopy(events), head):
            self._session.put(AuditRecord, record.sequence, record)
            head = Anchor(record.sequence, record.digest)
        self._session.put(Anchor, _HEAD, head)

    async def find(self, query: AuditQuery) -> Sequence[AuditRecord]:
        """Returns the records that are wanted."""
        records = cast("dict[int, AuditRecord]", self._session.rows(AuditRecord))
        found = [record for _, record in sorted(records.items()) if query.matches(record)]
        if query.newest_first:
            found.reverse()
        return deepcopy(found[: query.limit])


@audit_store_for.register
def _(session: MemorySession) -> InMemoryAuditStore:
    return InMemoryAuditStore(session)
