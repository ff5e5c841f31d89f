"""InMemoryDeadLetters: what consumer groups gave up, in the memory store."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import cast
from uuid import UUID

from fastapi_chassis.application import MemoryStore
from fastapi_chassis.messaging.dead_letters import DeadLetterQuery, DeadLetterRecord


class InMemoryDeadLetters:
    """The dead letters of a memory store.

    Args:
        store: holds them.
    """

    def __init__(self, store: MemoryStore) -> None:
        self._rows = cast("dict[UUID, DeadLetterRecord]", store.rows(DeadLetterRecord))

    async def add(self, record: DeadLetterRecord) -> DeadLetterRecord | None:
        """Keeps a record, unless the group's record of this message is there."""
        key = _key(record)
        if any(_key(row) == key for row in self._rows.values()):
            return None
        kept = record.behind(max(self._rows, default=None))
        self._rows[kept.id] = kept
        return kept

    async def page(self, query: DeadLetterQuery) -> Sequence[DeadLetterRecord]:
        """Returns the records that are wanted."""
        wanted = [row for row in self._rows.values() if _is_wanted(row, query)]
        return sorted(wanted, key=lambda row: row.id, reverse=not query.is_earliest_first)[: query.limit]

    async def get(self, id: UUID) -> DeadLetterRecord | None:  # noqa: A002 - it is the record's id
        """Returns one record."""
        return self._rows.get(id)

    async def change(self, record: DeadLetterRecord) -> bool:
        """Writes a record over the one of its id and version."""
        row = self._rows.get(record.id)
        if row is None or row.version != record.version:
            return False
        self._rows[record.id] = replace(record, version=record.version + 1)
        return True

    async def purge(self, older_than: timedelta, *, limit: int) -> int:
        """Removes the oldest that are older."""
        before = datetime.now(UTC) - older_than
        old = list(islice((row.id for row in _by_age(self._rows) if row.at < before), limit))
        for key in old:
            del self._rows[key]
        return len(old)


def _key(record: DeadLetterRecord) -> tuple[str, UUID]:
    return record.group, record.envelope.id


def _by_age(rows: dict[UUID, DeadLetterRecord]) -> list[DeadLetterRecord]:
    return sorted(rows.values(), key=lambda row: row.at)


def _is_wanted(row: DeadLetterRecord, query: DeadLetterQuery) -> bool:
    return (
        query.state in (None, row.state)
        and query.group in (None, row.group)
        and query.type in (None, row.envelope.type)
        and (query.text is None or query.text.lower() in row.reason.lower())
        and (query.since is None or row.at >= query.since)
        and (query.until is None or row.at < query.until)
        and (query.before is None or row.id < query.before)
        and (query.after is None or row.id > query.after)
    )
