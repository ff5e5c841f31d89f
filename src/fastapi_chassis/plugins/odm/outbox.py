"""ODMOutbox: messages that wait in the documents of their aggregates, lent to relays by partition."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson.int64 import Int64

from fastapi_chassis.messaging import Backlog, Claim, Envelope, OutboxEntry, outbox_for, partition_of
from fastapi_chassis.plugins.odm.codec import EVENTS, ID, Document
from fastapi_chassis.plugins.odm.connection import DocumentDatabase, Mongo, translate_errors
from fastapi_chassis.plugins.odm.envelopes import envelope_of, fields_of_envelope
from fastapi_chassis.plugins.odm.layout import left_behind
from fastapi_chassis.plugins.odm.notes import carry, micros, moment_of
from fastapi_chassis.plugins.odm.partitions import ODMLeases
from fastapi_chassis.plugins.odm.session import ODMSession

MAX_REASON = 8_192  # characters of an error that are kept
_WAITING: Document = {f"{EVENTS}.0": {"$exists": True}}


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A message, and where it stands: behind those of its document that were written before it."""

    place: int
    entry: OutboxEntry
    due: int


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a relay asks for, at a moment on the server's clock."""

    moment: int
    limit: int
    partitions: frozenset[int]
    without: frozenset[str]


class ODMOutbox:
    """The messages in all collections.

    Args:
        documents: the database.
        session: the unit of work that `add` takes part in.
    """

    def __init__(self, documents: DocumentDatabase, session: ODMSession | None = None) -> None:
        self._documents = documents
        self._session = session
        self.leases = ODMLeases(documents)
        self.bell = None

    async def add(self, envelopes: Sequence[Envelope]) -> None:
        """Writes messages with the aggregate of the unit of work, by its one atomic command."""
        session = self._session
        assert session is not None, "an outbox writes in a unit of work"
        written = [_element(one, place) for place, one in enumerate(envelopes, time.time_ns())]
        if not written:
            return
        await carry(session, "_outbox", written)

    async def claim(
        self, tokens: Mapping[int, int], *, limit: int, without: Collection[str] = (), after: int = 0
    ) -> Claim:
        """Reads what is due in some partitions; nothing if it shall begin in the middle of a document."""
        if after:
            return Claim(tokens)
        with translate_errors():
            moment = micros(await self.leases.now())
            entries = await self._due(_Wanted(moment, limit, frozenset(tokens), frozenset(without)))
        return Claim(tokens, tuple(entries))

    async def settle(
        self, claim: Claim, *, published: Collection[int], failed: Mapping[int, tuple[timedelta, str]]
    ) -> frozenset[int]:
        """Removes what was published and delays what failed, but for partitions with another owner."""
        with translate_errors():
            now, lost = await self.leases.now(), await self.leases.lost(claim.tokens)
            ids = {
                entry.sequence: entry.envelope.id
                for entry in claim.entries
                if not lost or partition_of(entry.envelope.key) not in lost
            }
            gone = [ids[sequence] for sequence in published if sequence in ids]
            for name in self._documents.layout.carrying if gone else ():
                await self._remove(name, gone)
            for sequence, (delay, reason) in failed.items():
                if sequence in ids:
                    await self._delay(ids[sequence], now + delay, reason)
        return lost

    async def backlog(self) -> Backlog:
        """Counts what waits."""
        stages: list[Document] = [
            {"$match": _WAITING},
            {"$project": {"count": {"$size": f"${EVENTS}"}, "oldest": {"$min": f"${EVENTS}.at"}}},
            {"$group": {ID: None, "count": {"$sum": "$count"}, "oldest": {"$min": "$oldest"}}},
        ]
        refused: Document = {f"{EVENTS}.attempts": {"$gt": 0}}
        keys: list[Document] = [
            *({"$match": refused}, {"$unwind": f"${EVENTS}"}, {"$match": refused}),
            {"$group": {ID: f"${EVENTS}.key"}},
        ]
        count, oldest = 0, None
        blocked: set[str] = set()
        with translate_errors():
            for name in self._documents.layout.carrying:
                for found in await (await self._mongo[name].aggregate(stages)).to_list():
                    count += int(found["count"])
                    oldest = min(int(found["oldest"]), oldest or int(found["oldest"]))
                blocked.update([one[ID] for one in await (await self._mongo[name].aggregate(keys)).to_list()])
        age = timedelta(0) if oldest is None else max(datetime.now(UTC) - moment_of(oldest), timedelta(0))
        return Backlog(count, age, len(blocked))

    @property
    def _mongo(self) -> Mongo:
        return self._documents.mongo

    async def _due(self, wanted: _Wanted) -> list[OutboxEntry]:
        """Reads the oldest that are due; of a key whose oldest waits for a retry, nothing later."""
        waiting: list[_Waiting] = []
        for name in self._documents.layout.carrying:
            waiting += await self._oldest(name, wanted)
        held: set[str] = set()
        due = []
        for one in sorted(waiting, key=lambda each: each.place):
            key = one.entry.envelope.key
            if one.due > wanted.moment:
                held.add(key)
            elif key not in held and one.entry.envelope.destination not in wanted.without:
                due.append(one.entry)
        return due[: wanted.limit]

    async def _oldest(self, name: str, wanted: _Wanted) -> list[_Waiting]:
        """Reads one collection until enough is due, together with what holds up its key."""
        found: list[_Waiting] = []
        held: set[str] = set()
        due = 0
        async for document in self._mongo[name].find(_WAITING, {EVENTS: 1}).sort(f"{EVENTS}.seq"):
            for one in _waiting(document[EVENTS]):
                key = one.entry.envelope.key
                if partition_of(key) not in wanted.partitions or key in held:
                    continue
                if one.due > wanted.moment:
                    held.add(key)
                else:
                    due += one.entry.envelope.destination not in wanted.without
                found.append(one)
            if due >= wanted.limit:
                break
        return found

    async def _remove(self, name: str, gone: Sequence[object]) -> None:
        collection = self._mongo[name]
        pulled = {"$pull": {EVENTS: {"id": {"$in": list(gone)}}}}
        result = await collection.update_many({f"{EVENTS}.id": {"$in": list(gone)}}, pulled)
        if result.matched_count:
            await collection.delete_many(left_behind(name))

    async def _delay(self, message_id: object, until: datetime, reason: str) -> None:
        text = reason[:MAX_REASON].replace("\x00", "").encode("utf-8", "replace").decode()
        changed: Document = {
            "$inc": {f"{EVENTS}.$[one].attempts": 1},
            "$set": {f"{EVENTS}.$[one].due": micros(until), f"{EVENTS}.$[one].reason": text},
        }
        for name in self._documents.layout.carrying:
            result = await self._mongo[name].update_one(
                {f"{EVENTS}.id": message_id}, changed, array_filters=[{"one.id": message_id}]
            )
            if result.matched_count:
                return


def _element(envelope: Envelope, place: int) -> Document:
    return {
        "seq": Int64(place),
        "at": micros(datetime.now(UTC)),
        "due": Int64(0),
        "attempts": 0,
        **fields_of_envelope(envelope),
    }


def _waiting(elements: Sequence[Mapping[str, Any]]) -> Iterator[_Waiting]:
    place = 0
    for one in elements:
        place = max(place + 1, int(one["seq"]))  # a clock that went back does not turn the order round
        yield _Waiting(
            place, OutboxEntry(int(one["seq"]), envelope_of(one), int(one["attempts"])), int(one["due"])
        )


@outbox_for.register
def _(session: ODMSession) -> ODMOutbox:
    return ODMOutbox(session.documents, session)
