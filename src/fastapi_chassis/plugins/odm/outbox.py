"""ODMOutbox: messages that wait in the documents of their aggregates, lent to one relay at a time."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson.int64 import Int64
from pymongo import ReturnDocument

from fastapi_chassis.messaging import Backlog, Claim, Envelope, OutboxEntry, outbox_for
from fastapi_chassis.plugins.odm.codec import EVENTS, ID, Document
from fastapi_chassis.plugins.odm.connection import DocumentDatabase, Mongo, translate_errors
from fastapi_chassis.plugins.odm.notes import carry, left_behind, micros, moment_of
from fastapi_chassis.plugins.odm.session import ODMSession

LEASES, LEASE = "chassis_relay_lease", "outbox"
MAX_REASON = 8_192  # characters of an error that are kept
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WAITING: Document = {f"{EVENTS}.0": {"$exists": True}}


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A message, and where it stands: behind those of its document that were written before it."""

    place: int
    entry: OutboxEntry
    due: int


class ODMOutbox:
    """The messages in all collections, and the lease of the relay.

    Args:
        documents: the database.
        session: the unit of work that `add` takes part in.
    """

    def __init__(self, documents: DocumentDatabase, session: ODMSession | None = None) -> None:
        self._documents = documents
        self._session = session

    async def add(self, envelopes: Sequence[Envelope]) -> None:
        """Writes messages with the aggregate of the unit of work, by its one atomic command."""
        session = self._session
        assert session is not None, "an outbox writes in a unit of work"
        written = [_element(one, place) for place, one in enumerate(envelopes, time.time_ns())]
        if not written:
            return
        await carry(session, "_outbox", written)

    async def claim(self, owner: str, *, limit: int, lease: timedelta) -> Claim | None:
        """Takes or renews the lease and reads what is due; None if another owner holds it."""
        with translate_errors():
            held = await self._take(owner, lease)
            if held is None:
                return None
            token, now = held
            entries = await self._due(now, limit) if limit else ()
        return Claim(token, tuple(entries))

    async def settle(
        self, claim: Claim, *, published: Collection[int], failed: Mapping[int, tuple[timedelta, str]]
    ) -> bool:
        """Removes what was published and delays what failed, unless the lease went to another owner."""
        ids = {entry.sequence: entry.envelope.id for entry in claim.entries}
        with translate_errors():
            now = await self._still_held(claim.token)
            if now is None:
                return False
            gone = [ids[sequence] for sequence in published if sequence in ids]
            for name in self._documents.layout.carrying if gone else ():
                await self._remove(name, gone)
            for sequence, (delay, reason) in failed.items():
                if sequence in ids:
                    await self._delay(ids[sequence], now + delay, reason)
        return True

    async def release(self, owner: str) -> None:
        """Gives the lease back, if this owner has it."""
        with translate_errors():
            await self._mongo[LEASES].update_one({ID: LEASE, "owner": owner}, {"$set": {"owner": None}})

    async def backlog(self) -> Backlog:
        """Counts what waits."""
        stages: list[Document] = [
            {"$match": _WAITING},
            {"$project": {"count": {"$size": f"${EVENTS}"}, "oldest": {"$min": f"${EVENTS}.at"}}},
            {"$group": {ID: None, "count": {"$sum": "$count"}, "oldest": {"$min": "$oldest"}}},
        ]
        count, oldest = 0, None
        with translate_errors():
            for name in self._documents.layout.carrying:
                for found in await (await self._mongo[name].aggregate(stages)).to_list():
                    count += int(found["count"])
                    oldest = min(int(found["oldest"]), oldest or int(found["oldest"]))
        age = timedelta(0) if oldest is None else max(datetime.now(UTC) - moment_of(oldest), timedelta(0))
        return Backlog(count, age)

    @property
    def _mongo(self) -> Mongo:
        return self._documents.mongo

    async def _take(self, owner: str, lease: timedelta) -> tuple[int, datetime] | None:
        """Takes the lease in one command; a new owner gets a greater token."""
        leases, now = self._mongo[LEASES], await self._now()
        own = {"$eq": ["$owner", {"$literal": owner}]}
        steps: list[Document] = [
            {"$set": {"token": {"$cond": [own, "$token", {"$add": ["$token", 1]}]}}},
            {"$set": {"owner": {"$literal": owner}, "until": micros(now + lease)}},
        ]
        free = {ID: LEASE, "$or": [{"owner": None}, {"owner": owner}, {"until": {"$lt": micros(now)}}]}
        after = ReturnDocument.AFTER
        found = await leases.find_one_and_update(free, steps, return_document=after)
        if found is None and await leases.find_one({ID: LEASE}) is None:
            fresh = {"owner": None, "token": Int64(0), "until": Int64(0)}
            await leases.update_one({ID: LEASE}, {"$setOnInsert": fresh}, upsert=True)
            found = await leases.find_one_and_update(free, steps, return_document=after)
        return None if found is None else (int(found["token"]), now)

    async def _still_held(self, token: int) -> datetime | None:
        """Returns the server's time, if the lease has not gone to another owner."""
        found = await self._mongo[LEASES].find_one({ID: LEASE, "token": token})
        return None if found is None else await self._now()

    async def _now(self) -> datetime:
        """Returns the server's time: relays on machines whose clocks differ agree on it."""
        told: datetime = (await self._mongo.command("hello"))["localTime"]
        return told.replace(tzinfo=UTC)

    async def _due(self, now: datetime, limit: int) -> list[OutboxEntry]:
        """Reads the oldest that are due; of a key whose oldest waits for a retry, nothing later."""
        moment = micros(now)
        waiting: list[_Waiting] = []
        for name in self._documents.layout.carrying:
            waiting += await self._oldest(name, moment, limit)
        held: set[str] = set()
        due = []
        for one in sorted(waiting, key=lambda each: each.place):
            key = one.entry.envelope.key
            if one.due > moment:
                held.add(key)
            elif key not in held:
                due.append(one.entry)
        return due[:limit]

    async def _oldest(self, name: str, moment: int, limit: int) -> list[_Waiting]:
        """Reads one collection until enough is due, together with what holds up its key."""
        found: list[_Waiting] = []
        held: set[str] = set()
        due = 0
        async for document in self._mongo[name].find(_WAITING, {EVENTS: 1}).sort(f"{EVENTS}.seq"):
            for one in _waiting(document[EVENTS]):
                key = one.entry.envelope.key
                if one.due > moment:
                    held.add(key)
                elif key in held:
                    continue
                else:
                    due += 1
                found.append(one)
            if due >= limit:
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
        "id": envelope.id,
        "seq": Int64(place),
        "at": micros(datetime.now(UTC)),
        "due": Int64(0),
        "attempts": 0,
        "type": envelope.type,
        "version": envelope.version,
        "source": envelope.source,
        "time": micros(envelope.time),
        "destination": envelope.destination,
        "key": envelope.key,
        "aggregate_type": envelope.aggregate_type,
        "payload": envelope.payload,
        "content_type": envelope.content_type,
        "headers": [list(pair) for pair in envelope.headers.items()],  # a key may hold dots and dollars
    }


def _waiting(elements: Sequence[Mapping[str, Any]]) -> Iterator[_Waiting]:
    place = 0
    for one in elements:
        place = max(place + 1, int(one["seq"]))  # a clock that went back does not turn the order round
        envelope = Envelope(
            id=one["id"],
            type=one["type"],
            version=int(one["version"]),
            source=one["source"],
            time=moment_of(int(one["time"])),
            destination=one["destination"],
            key=one["key"],
            aggregate_type=one["aggregate_type"],
            payload=bytes(one["payload"]),
            content_type=one["content_type"],
            headers=dict(one["headers"]),
        )
        yield _Waiting(place, OutboxEntry(int(one["seq"]), envelope, int(one["attempts"])), int(one["due"]))


@outbox_for.register
def _(session: ODMSession) -> ODMOutbox:
    return ODMOutbox(session.documents, session)
