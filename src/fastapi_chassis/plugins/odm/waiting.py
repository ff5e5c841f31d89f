"""Waiting: messages that wait for their time in documents, lent to one unit of work at a time."""

import logging
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from bson.int64 import Int64

from fastapi_chassis.domain import AppException, ChassisError, TransientConflictException, new_id
from fastapi_chassis.messaging import Envelope
from fastapi_chassis.plugins.odm.codec import ID, SCHEDULE, Document
from fastapi_chassis.plugins.odm.connection import DocumentDatabase, translate_errors
from fastapi_chassis.plugins.odm.envelopes import envelope_of, fields_of_envelope
from fastapi_chassis.plugins.odm.layout import left_behind
from fastapi_chassis.plugins.odm.notes import micros, noted, purge_notes

LEASE = timedelta(seconds=15)
GRACE = timedelta(minutes=10)  # after which a commit whose answer was lost is seen, or was none
NOTED = timedelta(days=1)  # how long a note stays, once no message needs it
BATCH = 1_000
NOBODY = Int64(-1)
_log = logging.getLogger("fastapi_chassis.odm")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message, and where it lies.

    Args:
        collection: whose documents carry it.
        document: the identity of the one that does.
        id: identifies it; under one key others may wait later.
        key: what it waits under.
        place: greater than that of what it took the place of.
        due: when its time has come, in microseconds.
        until: when it is free again; in the past where nobody has it, `NOBODY` where nobody lately had.
        holder: the unit of work that has it, or had.
        envelope: the message, as documents have it.
    """

    collection: str
    document: object
    id: UUID
    key: str
    place: int
    due: int
    until: int
    holder: UUID | None
    envelope: Mapping[str, Any]

    @property
    def note(self) -> str:
        """The key of the note that says that it waits no longer."""
        return f"schedule/{self.id}"

    def read(self) -> Envelope:
        """Returns the message."""
        return envelope_of(self.envelope)


def element_of(key: str, envelope: Envelope, *, place: int, due: Int64) -> Document:
    """Writes a message that begins to wait."""
    where = {"key": key, "place": Int64(place), "due": due, "until": NOBODY, "holder": None}
    return {"id": new_id(), **where, "envelope": fields_of_envelope(envelope)}


def waiting_in(collection: str, document: Mapping[str, Any]) -> Iterator[Waiting]:
    """Reads what waits in a document."""
    for one in document.get(SCHEDULE, ()):
        times = int(one["place"]), int(one["due"]), int(one["until"])
        yield Waiting(collection, document[ID], one["id"], one["key"], *times, one["holder"], one["envelope"])


async def waiting_under(documents: DocumentDatabase, keys: Collection[str]) -> list[Waiting]:
    """Finds what waits under some keys, in all collections."""
    found: list[Waiting] = []
    wanted = {f"{SCHEDULE}.key": {"$in": list(keys)}}
    for name in documents.layout.carrying if keys else ():
        async for document in documents.mongo[name].find(wanted, {SCHEDULE: 1}):
            found += [one for one in waiting_in(name, document) if one.key in keys]
    return found


async def forget(documents: DocumentDatabase, gone: Iterable[Waiting]) -> None:
    """Removes messages, and the documents that were kept for them only."""
    for name, several in _by_collection(gone):
        there = {ID: {"$in": _documents(several)}}
        pulled = {"$pull": {SCHEDULE: {"id": {"$in": _ids(several)}}}}
        await documents.mongo[name].update_many(there, pulled)
        await documents.mongo[name].delete_many({**left_behind(name), **there})


async def tidy(documents: DocumentDatabase) -> None:
    """Removes what has ended though whoever ended it died, and then forgets notes that nothing needs."""
    now = await documents.now()
    left, before = list[Waiting](), micros(now - GRACE)
    for name in documents.layout.carrying:
        lent = {f"{SCHEDULE}.until": {"$gt": NOBODY, "$lt": before}}
        async for document in documents.mongo[name].find(lent, {SCHEDULE: 1}).limit(BATCH):
            left += [one for one in waiting_in(name, document) if NOBODY < one.until < before]
    ended = await noted(documents, [one.note for one in left])
    await forget(documents, [one for one in left if one.note in ended])
    back = [one for one in left if one.note not in ended]
    still = {"one.id": {"$in": _ids(back)}, "one.until": {"$lt": before}}
    await _lend(documents, back, still, until=NOBODY, holder=None)
    if len(left) < BATCH:
        await purge_notes(documents, now - NOTED, limit=BATCH, stamp="ended")


class WaitingLoan:
    """What one unit of work keeps from all others; one that dies with it keeps it no longer than the lease.

    Args:
        documents: the database.
    """

    def __init__(self, documents: DocumentDatabase) -> None:
        self._documents = documents
        self._holder = new_id()
        self._lent: dict[UUID, Waiting] = {}
        self._ended: set[UUID] = set()
        self._since = time.monotonic()
        self._before = NOBODY

    async def borrow(self, wanted: Sequence[Waiting]) -> list[Waiting]:
        """Keeps what nobody else has, and returns that, with what of it is kept already."""
        asked = [one for one in wanted if one.id not in self._lent]
        if asked:
            self._since = time.monotonic() if not self._lent else self._since
            now = await self._documents.now()
            self._before = Int64(micros(now) - 1)
            free = {"one.id": {"$in": _ids(asked)}, "one.until": {"$lt": micros(now)}}
            await self._lend(asked, free, micros(now + LEASE))
            self._lent.update({one.id: one for one in await self._kept(asked)})
        return [one for one in wanted if one.id in self._lent]

    def note_end(self, ended: Iterable[Waiting]) -> None:
        """Says that the commit brings them to an end."""
        self._ended.update(one.id for one in ended)

    async def renew(self) -> None:
        """Keeps everything for another while, where some of the lease has passed.

        Raises:
            TransientConflictException: another unit of work has some of it by now.
        """
        if not self._lent or time.monotonic() - self._since < LEASE.total_seconds() / 3:
            return
        lent = list(self._lent.values())
        with translate_errors():
            now = await self._documents.now()
            await self._lend(lent, self._mine(lent), micros(now + LEASE))
            if len(await self._kept(lent)) < len(lent):
                raise TransientConflictException("what waited for its time was taken meanwhile; try again")

    async def end(self, *, is_done: bool) -> None:
        """Gives back what was kept, and removes what the commit brought to an end."""
        lent = list(self._lent.values())
        gone = [one for one in lent if is_done and one.id in self._ended]
        back = [one for one in lent if one not in gone]
        try:
            with translate_errors():
                await forget(self._documents, gone)
                await self._lend(back, self._mine(back), self._before)
        except (AppException, ChassisError) as error:  # the notes tell what has ended, and leases end
            _log.warning("scheduled messages are not given back yet: %s", error)

    async def _lend(self, wanted: Sequence[Waiting], which: Document, until: Int64) -> None:
        await _lend(self._documents, wanted, which, until=until, holder=self._holder)

    async def _kept(self, wanted: Sequence[Waiting]) -> list[Waiting]:
        ids, kept = set(_ids(wanted)), list[Waiting]()
        for name, several in _by_collection(wanted):
            there = {ID: {"$in": _documents(several)}}
            async for document in self._documents.mongo[name].find(there, {SCHEDULE: 1}):
                found = waiting_in(name, document)
                kept += [one for one in found if one.id in ids and one.holder == self._holder]
        return kept

    def _mine(self, lent: Sequence[Waiting]) -> Document:
        return {"one.id": {"$in": _ids(lent)}, "one.holder": self._holder}


async def _lend(
    documents: DocumentDatabase,
    wanted: Sequence[Waiting],
    which: Document,
    *,
    until: Int64,
    holder: UUID | None,
) -> None:
    changed = {"$set": {f"{SCHEDULE}.$[one].until": until, f"{SCHEDULE}.$[one].holder": holder}}
    for name, several in _by_collection(wanted):
        there = {ID: {"$in": _documents(several)}}
        await documents.mongo[name].update_many(there, changed, array_filters=[which])


def _by_collection(several: Iterable[Waiting]) -> Iterator[tuple[str, list[Waiting]]]:
    in_line = sorted(several, key=lambda one: one.collection)
    for name, group in groupby(in_line, key=lambda one: one.collection):
        yield name, list(group)


def _ids(several: Iterable[Waiting]) -> list[UUID]:
    return [one.id for one in several]


def _documents(several: Iterable[Waiting]) -> list[object]:
    found: list[object] = []
    for one in several:
        if one.document not in found[-1:]:
            found.append(one.document)
    return found
