"""Notes: what must not be forgotten with the work, kept in the document that the work wrote."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from bson.int64 import Int64

from fastapi_chassis.domain import new_id
from fastapi_chassis.plugins.odm.codec import EVENTS, ID, NOTES, REMOVED, Document
from fastapi_chassis.plugins.odm.connection import DocumentDatabase, translate_errors
from fastapi_chassis.plugins.odm.layout import CARRIER
from fastapi_chassis.plugins.odm.session import ODMSession

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
BARE: Document = {f"{EVENTS}.0": {"$exists": False}, f"{NOTES}.0": {"$exists": False}}


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


async def purge_notes(documents: DocumentDatabase, before: datetime, *, limit: int) -> int:
    """Forgets at most so many notes that are older, and the documents that were kept for them only.

    Returns:
        How many were forgotten.
    """
    purged = 0
    with translate_errors():
        for name in documents.layout.carrying:
            purged += await _purge(documents, name, micros(before), limit - purged)
            if purged >= limit:
                break
    return purged


async def _purge(documents: DocumentDatabase, name: str, before: Int64, limit: int) -> int:
    collection = documents.mongo[name]
    old: list[str] = []
    async for document in collection.find({f"{NOTES}.at": {"$lt": before}}, {NOTES: 1}).limit(limit):
        old += [note["key"] for note in document[NOTES] if note["at"] < before]
        if len(old) >= limit:
            break
    old = old[:limit]
    if old:
        gone = {"$in": old}
        await collection.update_many({f"{NOTES}.key": gone}, {"$pull": {NOTES: {"key": gone}}})
        await collection.delete_many(left_behind(name))
    return len(old)


def left_behind(collection: str) -> Document:
    """Returns which documents of a collection are kept for nothing any more."""
    return BARE if collection == CARRIER else {REMOVED: {"$exists": True}, **BARE}


def micros(moment: datetime) -> Int64:
    """Writes a time as the microseconds since 1970."""
    return Int64((moment - _EPOCH) // _MICROSECOND)


def moment_of(written: int) -> datetime:
    """Reads what `micros` wrote."""
    return _EPOCH + written * _MICROSECOND
