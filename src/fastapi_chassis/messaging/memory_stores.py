"""InMemoryOutbox and InMemoryInbox: what waits and what was had, in the memory store."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from time import monotonic
from typing import cast
from uuid import UUID

from fastapi_chassis.application import MemorySession
from fastapi_chassis.messaging.envelope import Envelope
from fastapi_chassis.messaging.inbox import inbox_for
from fastapi_chassis.messaging.outbox import Backlog, Claim, OutboxEntry, outbox_for


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A row of the outbox; times are seconds on the monotonic clock."""

    entry: OutboxEntry
    since: float
    due: float
    reason: str = ""


@dataclass(slots=True)
class _Desk:
    """What an outbox has only one of: the last sequence, and the lease."""

    last: int = 0
    token: int = 0
    owner: str = ""
    ends: float = 0.0


@dataclass(frozen=True, slots=True)
class _Had:
    """A row of the inbox."""

    since: float


class InMemoryOutbox:
    """The outbox of a memory store.

    Args:
        session: `add` takes part in its transaction; everything else acts on its store at once.
    """

    def __init__(self, session: MemorySession) -> None:
        self._session = session
        self._rows = cast("dict[int, _Waiting]", session.store.rows(_Waiting))
        self._desk = cast("dict[str, _Desk]", session.store.rows(_Desk)).setdefault("desk", _Desk())

    async def add(self, envelopes: Sequence[Envelope]) -> None:
        """Writes messages with the transaction."""
        now = monotonic()
        for sequence, envelope in enumerate(envelopes, self._desk.last + 1):
            self._session.put(_Waiting, sequence, _Waiting(OutboxEntry(sequence, envelope), now, now))
        self._desk.last += len(envelopes)

    async def claim(self, owner: str, *, limit: int, lease: timedelta) -> Claim | None:
        """Takes or renews the lease and reads what is due."""
        desk, now = self._desk, monotonic()
        if desk.owner != owner:
            if desk.owner and now < desk.ends:
                return None
            desk.owner, desk.token = owner, desk.token + 1
        desk.ends = now + lease.total_seconds()
        return Claim(desk.token, tuple(islice(self._due(now), limit)))

    async def settle(
        self, claim: Claim, *, published: Collection[int], failed: Mapping[int, tuple[timedelta, str]]
    ) -> bool:
        """Removes what was published and delays what failed, unless the lease went to another owner."""
        if claim.token != self._desk.token:
            return False
        for sequence in published:
            self._rows.pop(sequence, None)
        for sequence, (delay, reason) in failed.items():
            if row := self._rows.get(sequence):
                entry = replace(row.entry, attempts=row.entry.attempts + 1)
                due = monotonic() + delay.total_seconds()
                self._rows[sequence] = _Waiting(entry, row.since, due, reason)
        return True

    async def release(self, owner: str) -> None:
        """Ends the lease, if this owner has it."""
        if self._desk.owner == owner:
            self._desk.owner = ""

    async def backlog(self) -> Backlog:
        """Counts what waits."""
        now = monotonic()
        oldest = min((row.since for row in self._rows.values()), default=now)
        return Backlog(len(self._rows), timedelta(seconds=now - oldest))

    def _due(self, now: float) -> Iterator[OutboxEntry]:
        blocked: set[str] = set()
        for _, row in sorted(self._rows.items()):
            key = row.entry.envelope.key
            if row.due > now:
                blocked.add(key)
            elif key not in blocked:
                yield row.entry


class InMemoryInbox:
    """The inbox of a memory store.

    Args:
        session: `accept` takes part in its transaction; `purge` acts on its store at once.
    """

    def __init__(self, session: MemorySession) -> None:
        self._session = session

    async def accept(self, consumer: str, message_id: UUID) -> bool:
        """Notes a message with the transaction; waits for another one that accepts the same just now."""
        key = (consumer, message_id)
        await self._session.hold(key)
        if self._session.row(_Had, key) is not None:
            return False
        self._session.put(_Had, key, _Had(monotonic()))
        return True

    async def purge(self, older_than: timedelta, *, limit: int) -> int:
        """Forgets the oldest that are older."""
        rows = cast("dict[object, _Had]", self._session.store.rows(_Had))
        before = monotonic() - older_than.total_seconds()
        old = list(islice((key for key, row in rows.items() if row.since < before), limit))
        for key in old:
            del rows[key]
        return len(old)


@outbox_for.register
def _outbox(session: MemorySession) -> InMemoryOutbox:
    return InMemoryOutbox(session)


@inbox_for.register
def _inbox(session: MemorySession) -> InMemoryInbox:
    return InMemoryInbox(session)
