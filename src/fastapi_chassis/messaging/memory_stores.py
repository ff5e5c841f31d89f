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
from fastapi_chassis.messaging.partitions import PARTITIONS, Holding, Lease, partition_of, to_take


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A row of the outbox; times are seconds on the monotonic clock."""

    entry: OutboxEntry
    since: float
    due: float
    partition: int
    reason: str = ""


@dataclass(slots=True)
class _Desk:
    """What an outbox has only one of: the last sequence."""

    last: int = 0


@dataclass(slots=True)
class _Owned:
    """A row of the leases; the time is seconds on the monotonic clock."""

    owner: str | None = None
    token: int = 0
    ends: float = 0.0


@dataclass(slots=True)
class _Alive:
    """A relay; the time is seconds on the monotonic clock."""

    ends: float


@dataclass(frozen=True, slots=True)
class _Had:
    """A row of the inbox."""

    since: float


class InMemoryLeases:
    """The partitions of a memory store.

    Args:
        session: of the store.
    """

    def __init__(self, session: MemorySession) -> None:
        self._rows = cast("dict[int, _Owned]", session.store.rows(_Owned))
        self._relays = cast("dict[str, _Alive]", session.store.rows(_Alive))
        for partition in range(PARTITIONS):
            self._rows.setdefault(partition, _Owned())

    async def hold(self, owner: str, lease: timedelta) -> Holding:
        """Renews what an owner has and takes what is free, up to its share."""
        now = monotonic()
        ends = now + lease.total_seconds()
        for gone in [name for name, relay in self._relays.items() if relay.ends < now]:
            del self._relays[gone]
        self._relays[owner] = _Alive(ends)
        leases = [Lease(key, row.owner, row.token, row.ends < now) for key, row in self._rows.items()]
        holding, _ = to_take(leases, owner, len(self._relays))
        for partition, token in holding.tokens.items():
            self._rows[partition] = _Owned(owner, token, ends)
        return holding

    async def release(self, owner: str, partitions: Collection[int] | None = None) -> None:
        """Gives partitions back, or all of them."""
        if partitions is None:
            self._relays.pop(owner, None)
        for partition, row in self._rows.items():
            if row.owner == owner and (partitions is None or partition in partitions):
                row.owner = None

    def lost(self, tokens: Mapping[int, int]) -> frozenset[int]:
        """Returns the partitions that have another owner by now."""
        return frozenset(one for one, token in tokens.items() if self._rows[one].token != token)


class InMemoryOutbox:
    """The outbox of a memory store.

    Args:
        session: `add` takes part in its transaction; everything else acts on its store at once.
    """

    def __init__(self, session: MemorySession) -> None:
        self._session = session
        self._rows = cast("dict[int, _Waiting]", session.store.rows(_Waiting))
        self._desk = cast("dict[str, _Desk]", session.store.rows(_Desk)).setdefault("desk", _Desk())
        self.leases = InMemoryLeases(session)
        self.bell = None

    async def add(self, envelopes: Sequence[Envelope]) -> None:
        """Writes messages with the transaction."""
        now = monotonic()
        for sequence, envelope in enumerate(envelopes, self._desk.last + 1):
            self._session.put(_Waiting, sequence, _waiting(OutboxEntry(sequence, envelope), now))
        self._desk.last += len(envelopes)

    async def claim(
        self, tokens: Mapping[int, int], *, limit: int, without: Collection[str] = (), after: int = 0
    ) -> Claim:
        """Reads what is due in some partitions."""
        later = self._due(tokens, after)
        due = (entry for entry in later if entry.envelope.destination not in without)
        return Claim(tokens, tuple(islice(due, limit)))

    async def settle(
        self, claim: Claim, *, published: Collection[int], failed: Mapping[int, tuple[timedelta, str]]
    ) -> frozenset[int]:
        """Removes what was published and delays what failed, but for partitions with another owner."""
        lost = self.leases.lost(claim.tokens)
        for sequence in published:
            if (row := self._rows.get(sequence)) and row.partition not in lost:
                del self._rows[sequence]
        for sequence, (delay, reason) in failed.items():
            if (row := self._rows.get(sequence)) and row.partition not in lost:
                entry = replace(row.entry, attempts=row.entry.attempts + 1)
                due = monotonic() + delay.total_seconds()
                self._rows[sequence] = replace(row, entry=entry, due=due, reason=reason)
        return lost

    async def backlog(self) -> Backlog:
        """Counts what waits."""
        now = monotonic()
        oldest = min((row.since for row in self._rows.values()), default=now)
        blocked = {row.entry.envelope.key for row in self._rows.values() if row.entry.attempts}
        return Backlog(len(self._rows), timedelta(seconds=now - oldest), len(blocked))

    def _due(self, partitions: Collection[int], after: int) -> Iterator[OutboxEntry]:
        now = monotonic()
        blocked: set[str] = set()
        for _, row in sorted(self._rows.items()):
            if row.partition not in partitions:
                continue
            key = row.entry.envelope.key
            is_before = row.entry.sequence <= after
            if row.due > now or (is_before and row.entry.attempts):
                blocked.add(key)
            elif not is_before and key not in blocked:
                yield row.entry


def _waiting(entry: OutboxEntry, now: float) -> _Waiting:
    return _Waiting(entry, now, now, partition_of(entry.envelope.key))


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

    async def accept_many(self, consumer: str, message_ids: Collection[UUID]) -> frozenset[UUID]:
        """Notes messages with the transaction, in an order in which no two wait for each other."""
        return frozenset([one for one in sorted(message_ids) if await self.accept(consumer, one)])

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
