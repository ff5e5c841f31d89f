"""The hash chain: each record proves itself and every one before it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC

from fastapi_chassis.audit.event import AuditEvent
from fastapi_chassis.audit.store import AuditQuery, AuditRecord, AuditStore

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place in the chain, noted where nobody who may write the store can write.

    Args:
        sequence: of a record.
        digest: its digest.
    """

    sequence: int = 0
    digest: str = ""


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a look at the chain has found.

    Args:
        checked: how many records are in order.
        last: the last of them; keep it as the anchor of the next look.
        fault: what is wrong behind it; empty if nothing is.
    """

    checked: int
    last: Anchor
    fault: str = ""

    @property
    def is_intact(self) -> bool:
        """Whether nothing was changed, removed or put in between."""
        return not self.fault


def canonical_details(event: AuditEvent) -> str:
    """Writes details in the one way that is digested; stores keep this text, and no other form of it."""
    return json.dumps(dict(event.details), sort_keys=True, separators=(",", ":"))


def digest_of(event: AuditEvent, sequence: int, previous: str) -> str:
    """Returns the digest of a record: of its event, its place, and the record before it."""
    fields = asdict(event) | {
        "at": event.at.astimezone(UTC).isoformat(),
        "id": str(event.id),
        "details": canonical_details(event),
        "sequence": sequence,
        "previous": previous,
    }
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def chained(events: Sequence[AuditEvent], last: Anchor) -> list[AuditRecord]:
    """Makes the records that follow on the last one."""
    records: list[AuditRecord] = []
    for sequence, event in enumerate(events, last.sequence + 1):
        previous = records[-1].digest if records else last.digest
        records.append(AuditRecord(sequence, event, previous, digest_of(event, sequence, previous)))
    return records


async def verify_chain(store: AuditStore, *, since: Anchor | None = None) -> ChainReport:
    """Reads the chain from an anchor on and checks each record.

    Args:
        store: whose chain.
        since: where an earlier look ended; without it a chain that was cut at its end looks intact.
    """
    last, checked = since or Anchor(), 0
    if last.sequence and not await _stands(store, last):
        return ChainReport(0, last, f"record {last.sequence} is gone or another one")
    while True:
        records = await store.find(AuditQuery(after=last.sequence, limit=_BATCH))
        for record in records:
            fault = _fault_of(record, last)
            if fault:
                return ChainReport(checked, last, fault)
            last, checked = Anchor(record.sequence, record.digest), checked + 1
        if len(records) < _BATCH:
            return ChainReport(checked, last)


async def _stands(store: AuditStore, anchor: Anchor) -> bool:
    found = await store.find(AuditQuery(after=anchor.sequence - 1, limit=1))
    return bool(found) and (found[0].sequence, found[0].digest) == (anchor.sequence, anchor.digest)


def _fault_of(record: AuditRecord, last: Anchor) -> str:
    if record.sequence != last.sequence + 1:
        return f"record {last.sequence + 1} is missing"
    if record.previous != last.digest:
        return f"record {record.sequence} doesn't follow on the one before it"
    if record.digest != digest_of(record.event, record.sequence, record.previous):
        return f"record {record.sequence} was changed"
    return ""
