"""ODMSchedule: messages that wait for their time in the documents of the work that scheduled them."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bson.int64 import Int64

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import Due, Envelope, Outlook, schedule_for
from fastapi_chassis.plugins.odm.codec import ID, SCHEDULE, Document
from fastapi_chassis.plugins.odm.connection import DocumentDatabase, translate_errors
from fastapi_chassis.plugins.odm.notes import micros, noted
from fastapi_chassis.plugins.odm.session import ODMSession
from fastapi_chassis.plugins.odm.waiting import (
    Waiting,
    WaitingLoan,
    element_of,
    forget,
    tidy,
    waiting_in,
    waiting_under,
)

MOST_BYTES = 4 << 20  # of what is taken out at once: it goes into one document
_TIDY = 3_600.0  # seconds between two times that a process tidies up
_LOOK = 0.02  # seconds between two looks at what another unit of work has
_ANY: Document = {f"{SCHEDULE}.due": {"$gte": Int64(-(2**63))}}
_MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True)
class _Look:
    """What was found at a moment on the server's clock, or at the one that is given."""

    moment: int
    clock: int
    limit: int
    due: list[Waiting] = field(default_factory=list)
    later: list[int] = field(default_factory=list)

    def see(self, one: Waiting) -> None:
        if one.due > self.moment:
            self.later.append(one.due)
        elif one.until >= self.clock:
            self.later.append(self.moment + one.until - self.clock)
        else:
            self.due.append(one)

    def next_in(self, taken: int) -> timedelta | None:
        """How long until something else is due, where so many are taken."""
        if taken < len(self.due):
            return timedelta(0)
        return max(min(self.later) - self.moment, 0) * _MICROSECOND if self.later else None


class ODMSchedule:
    """Messages that wait, in all collections; what begins or ends one is written with the work of the unit.

    A note says that a message waits no longer: who takes it, takes it back or puts another in its place
    writes it with its work. Before that it borrows the message, so that of several one does.

    Args:
        documents: the database; its clock counts.
        session: the unit of work; each call is one of its own where none is given.
    """

    def __init__(self, documents: DocumentDatabase, session: ODMSession | None = None) -> None:
        self._documents = documents
        self._session = session

    async def put(self, key: str, envelope: Envelope, due: datetime | timedelta) -> None:
        """Keeps a message until a time, or for a while; it takes the place of what waits under the key."""
        async with self._unit() as session:
            with translate_errors():
                at = micros(due if isinstance(due, datetime) else await self._documents.now() + due)
                before = await self._end(session, key)
            place = max([time.time_ns(), *(one.place + 1 for one in before)])
            session.carry("_schedule", [element_of(key, envelope, place=place, due=at)])

    async def cancel(self, key: str) -> bool:
        """Forgets what waits under a key; waits for another unit of work that has it just now."""
        async with self._unit() as session:
            own = len(session.carried("_schedule"))
            with translate_errors():
                ended = await self._end(session, key)
            return bool(ended) or len(session.carried("_schedule")) < own

    async def take(self, *, limit: int, now: datetime | None = None) -> Due:
        """Takes out what is due by what is stored, leaving what another unit of work has just now."""
        async with self._unit() as session:
            with translate_errors():
                if self._documents.is_time_for("schedules", _TIDY):
                    await tidy(self._documents)
                clock = micros(await self._documents.now())
                look = _Look(clock if now is None else micros(now), clock, limit)
                for name in session.collections():
                    await self._look(session, name, look)
                wanted = _bounded(sorted(look.due, key=lambda one: (one.due, one.place)), limit)
                taken = await self._valid(await self._living(await _loan(session).borrow(wanted)))
            _note(session, taken)
            return Due(tuple(one.read() for one in taken), look.next_in(len(wanted)))

    async def outlook(self, *, now: datetime | None = None) -> Outlook:
        """Tells what waits, by what is stored."""
        stages: list[Document] = [
            {"$match": _ANY},
            {"$project": {"count": {"$size": f"${SCHEDULE}"}, "first": {"$min": f"${SCHEDULE}.due"}}},
            {"$group": {ID: None, "count": {"$sum": "$count"}, "first": {"$min": "$first"}}},
        ]
        count, firsts = 0, list[int]()
        with translate_errors():
            moment = micros(await self._documents.now() if now is None else now)
            for name in self._documents.layout.carrying:
                for found in await (await self._documents.mongo[name].aggregate(stages)).to_list():
                    count += int(found["count"])
                    firsts.append(int(found["first"]))
        return Outlook(count, max(min(firsts) - moment, 0) * _MICROSECOND if firsts else None)

    @asynccontextmanager
    async def _unit(self) -> AsyncIterator[ODMSession]:
        if self._session is not None:
            self._session.must_be_open()
            yield self._session
            return
        session = ODMSession(self._documents)
        await session.begin()
        try:
            yield session
            await session.commit()
        finally:
            await session.end()

    async def _end(self, session: ODMSession, key: str) -> list[Waiting]:
        """Ends what waits under a key, also of this unit's own; returns what was stored."""
        own = session.carried("_schedule")
        own[:] = [one for one in own if one["key"] != key]
        ended = await self._living(await self._borrowed(session, key))
        _note(session, ended)
        return ended

    async def _borrowed(self, session: ODMSession, key: str) -> list[Waiting]:
        loan = _loan(session)
        try:
            async with asyncio.timeout(self._documents.config.lock_timeout):
                while True:
                    found = await waiting_under(self._documents, [key])
                    wanted = [one for one in found if one.note not in session.noted]
                    borrowed = await loan.borrow(wanted)
                    if len(borrowed) == len(wanted):
                        return borrowed
                    await asyncio.sleep(_LOOK)
        except TimeoutError:
            raise UnavailableException("another transaction is still writing", retry_after=1) from None

    async def _look(self, session: ODMSession, name: str, look: _Look) -> None:
        """Reads one collection, the earliest first, until enough is due and something is not."""
        cursor = self._documents.mongo[name].find(_ANY, {SCHEDULE: 1}).sort(f"{SCHEDULE}.due")
        async with cursor:
            async for document in cursor:
                found = [one for one in waiting_in(name, document) if one.note not in session.noted]
                for one in found:
                    look.see(one)
                is_late = all(one.due > look.moment for one in found)
                if (found and is_late) or len(look.due) > look.limit:
                    break

    async def _living(self, borrowed: Sequence[Waiting]) -> list[Waiting]:
        """Forgets what has ended, though whoever ended it died before it was removed."""
        ended = await noted(self._documents, [one.note for one in borrowed])
        await forget(self._documents, [one for one in borrowed if one.note in ended])
        return [one for one in borrowed if one.note not in ended]

    async def _valid(self, borrowed: Sequence[Waiting]) -> list[Waiting]:
        """Forgets what another has taken the place of, where both were put at the same moment."""
        newest: dict[str, int] = {}
        for one in await waiting_under(self._documents, {each.key for each in borrowed}):
            newest[one.key] = max(one.place, newest.get(one.key, 0))
        await forget(self._documents, [one for one in borrowed if one.place < newest.get(one.key, 0)])
        return [one for one in borrowed if one.place >= newest.get(one.key, 0)]


def _loan(session: ODMSession) -> WaitingLoan:
    for loan in session.loans:
        if isinstance(loan, WaitingLoan):
            return loan
    made = WaitingLoan(session.documents)
    session.loans.append(made)
    return made


def _note(session: ODMSession, ended: Sequence[Waiting]) -> None:
    at = micros(datetime.now(UTC))
    session.noted.update(one.note for one in ended)
    # `ended`, not `at`: the inbox forgets what has an `at`, and these are needed while the message lies there
    session.carry("_notes", [{"key": one.note, "ended": at} for one in ended])
    _loan(session).note_end(ended)


def _bounded(due: Sequence[Waiting], limit: int) -> list[Waiting]:
    bounded, size = list[Waiting](), 0
    for one in due[:limit]:
        size += len(one.envelope["payload"])
        if bounded and size > MOST_BYTES:
            break
        bounded.append(one)
    return bounded


@schedule_for.register
def _(session: ODMSession) -> ODMSchedule:
    return ODMSchedule(session.documents, session)
