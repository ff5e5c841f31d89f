"""InMemorySchedule: what waits for its time, in the memory store."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import cast

from fastapi_chassis.application import MemorySession
from fastapi_chassis.messaging.envelope import Envelope
from fastapi_chassis.messaging.schedule import Due, Outlook, schedule_for

_NUMBERS = count()


@dataclass(frozen=True, slots=True)
class _Waiting:
    envelope: Envelope
    due: datetime
    number: int


class InMemorySchedule:
    """The schedules of a memory store; each call takes part in the session's transaction.

    Args:
        session: the transaction.
    """

    def __init__(self, session: MemorySession) -> None:
        self._session = session

    async def put(self, key: str, envelope: Envelope, due: datetime | timedelta) -> None:
        """Keeps a message until a time, or for a while."""
        await self._session.write()
        at = datetime.now(UTC) + due if isinstance(due, timedelta) else due
        self._session.put(_Waiting, key, _Waiting(envelope, at, next(_NUMBERS)))

    async def cancel(self, key: str) -> bool:
        """Forgets what waits under a key."""
        await self._session.write()
        if self._session.row(_Waiting, key) is None:
            return False
        self._session.remove(_Waiting, key)
        return True

    async def take(self, *, limit: int, now: datetime | None = None) -> Due:
        """Takes out what is due."""
        await self._session.write()
        now = now or datetime.now(UTC)
        waiting = sorted(self._rows().items(), key=lambda entry: (entry[1].due, entry[1].number))
        due = [(key, row) for key, row in waiting if row.due <= now][:limit]
        for key, _ in due:
            self._session.remove(_Waiting, key)
        left = waiting[len(due) :]
        return Due(tuple(row.envelope for _, row in due), _until(left[0][1].due, now) if left else None)

    async def outlook(self, *, now: datetime | None = None) -> Outlook:
        """Tells what waits."""
        rows = self._rows().values()
        first = min((row.due for row in rows), default=None)
        return Outlook(len(rows), None if first is None else _until(first, now or datetime.now(UTC)))

    def _rows(self) -> dict[str, _Waiting]:
        return cast("dict[str, _Waiting]", self._session.rows(_Waiting))


def _until(due: datetime, now: datetime) -> timedelta:
    return max(due - now, timedelta(0))


@schedule_for.register
def _schedule(session: MemorySession) -> InMemorySchedule:
    return InMemorySchedule(session)
