"""Notes: what must not be forgotten with the work, kept in the document that the work wrote."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from bson.int64 import Int64
from pymongo.asynchronous.collection import AsyncCollection

from fastapi_chassis.domain import new_id
from fastapi_chassis.plugins.odm.codec import ID, NOTES, Document
from fastapi_chassis.plugins.odm.connection import DocumentDatabase, translate_errors
from fastapi_chassis.plugins.odm.layout import CARRIER, left_behind
from fastapi_chassis.plugins.odm.session import ODMSession

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


async def carry(
    session: ODMSession, field: Literal["_outbox", "_notes"], documents: Sequence[Document]
) -> None:
    """Keeps documents with the work: in its document, or beside it in the same transaction."""
    if not session.has_transactions:
        session.carry(field, documents)
        return
    carrier = {ID: new_id(), field: list(documents)}
    await session.write(lambda client: session.database[CARRIER].insert_one(carrier, session=client))


async def find_note(documents: DocumentDatabase, key: str) -> Document | None:
    """Returns the note with a key, wherever it was kept."""
    with translate_errors():
        for name in documents.layout.carrying:
            found = await documents.mongo[name].find_one({f"{NOTES}.key": key}, {NOTES: 1})
            for note in (found or {}).get(NOTES, ()):
                if note["key"] == key:
                    return dict(note)
    return None


async def noted(documents: DocumentDatabase, keys: Sequence[str]) -> set[str]:
    """Returns which of several keys have a note, wherever it was kept."""
    found: set[str] = set()
    with translate_errors():
        for name in documents.layout.carrying if keys else ():
            wanted = {f"{NOTES}.key": {"$in": list(keys)}}
            async for document in documents.mongo[name].find(wanted, {f"{NOTES}.key": 1}):
                found.update(note["key"] for note in document[NOTES])
    return found.intersection(keys)


async def purge_notes(documents: DocumentDatabase, before: datetime, *, limit: int, stamp: str = "at") -> int:
    """Forgets at most so many notes that are older, and the documents that were kept for them only.

    Args:
        documents: the database.
        before: their latest time.
        limit: how many at most.
        stamp: where a note says its time; those that say it elsewhere are kept.

    Returns:
        How many were forgotten.
    """
    purged = 0
    with translate_errors():
        for name in documents.layout.carrying:
            purged += await _purge(documents.mongo[name], before, limit - purged, stamp)
            if purged >= limit:
                break
    return purged


async def _purge(collection: AsyncCollection[Document], moment: datetime, limit: int, stamp: str) -> int:
    old, before = list[str](), micros(moment)
    wanted = {f"{NOTES}.{stamp}": {"$lt": before}}
    async for document in collection.find(wanted, {NOTES: 1}).limit(limit):
        old += [note["key"] for note in document[NOTES] if note.get(stamp, before) < before]
        if len(old) >= limit:
            break
    old = old[:limit]
    if old:
        gone = {"$in": old}
        await collection.update_many({f"{NOTES}.key": gone}, {"$pull": {NOTES: {"key": gone}}})
        await collection.delete_many(left_behind(collection.name))
    return len(old)


def micros(moment: datetime) -> Int64:
    """Writes a time as the microseconds since 1970."""
    return Int64((moment - _EPOCH) // _MICROSECOND)


def moment_of(written: int) -> datetime:
    """Reads what `micros` wrote."""
    return _EPOCH + written * _MICROSECOND
