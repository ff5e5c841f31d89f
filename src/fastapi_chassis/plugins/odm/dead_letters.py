"""ODMDeadLetters: what consumer groups gave up, in a collection beside the business data."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from pymongo import ASCENDING, DESCENDING
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from fastapi_chassis.messaging import DeadLetterQuery, DeadLetterRecord, DeadLetterStateEnum
from fastapi_chassis.plugins.odm.codec import ID, Document
from fastapi_chassis.plugins.odm.connection import DocumentDatabase, translate_errors
from fastapi_chassis.plugins.odm.envelopes import envelope_of, fields_of_envelope
from fastapi_chassis.plugins.odm.layout import DEAD_LETTERS
from fastapi_chassis.plugins.odm.notes import micros, moment_of


class ODMDeadLetters:
    """The collection of dead letters; each call is one atomic command, after a read where it needs one.

    Args:
        documents: the database.
    """

    def __init__(self, documents: DocumentDatabase) -> None:
        self._documents = documents

    async def add(self, record: DeadLetterRecord) -> DeadLetterRecord | None:
        """Keeps a record, unless the group's record of this message is there."""
        with translate_errors():
            latest = await self._place.find_one({}, {ID: 1}, sort=[(ID, DESCENDING)])
            kept = record.behind(None if latest is None else latest[ID])
            try:
                await self._place.insert_one({ID: kept.id, **_fields(kept)})
            except DuplicateKeyError:
                return None
        return kept

    async def page(self, query: DeadLetterQuery) -> Sequence[DeadLetterRecord]:
        """Returns the records that are wanted."""
        order = ASCENDING if query.is_earliest_first else DESCENDING
        with translate_errors():
            cursor = self._place.find(_wanted(query)).sort(ID, order)
            return [_record(one) for one in await cursor.limit(query.limit).to_list()]

    async def get(self, id: UUID) -> DeadLetterRecord | None:  # noqa: A002 - it is the record's id
        """Returns one record."""
        with translate_errors():
            found = await self._place.find_one({ID: id})
        return None if found is None else _record(found)

    async def change(self, record: DeadLetterRecord) -> bool:
        """Writes a record over the one of its id and version."""
        same = {ID: record.id, "version": record.version}
        changed = {"$set": {**_fields(record), "version": record.version + 1}}
        with translate_errors():
            return bool((await self._place.update_one(same, changed)).matched_count)

    async def purge(self, older_than: timedelta, *, limit: int) -> int:
        """Removes the oldest that are older, at most so many."""
        with translate_errors():
            old = {"at": {"$lt": micros(await self._documents.now() - older_than)}}
            found = await self._place.find(old, {ID: 1}).sort("at").limit(limit).to_list()
            gone = {ID: {"$in": [one[ID] for one in found]}}
            return (await self._place.delete_many(gone)).deleted_count if found else 0

    @property
    def _place(self) -> AsyncCollection[Document]:
        return self._documents.mongo[DEAD_LETTERS]


def _wanted(query: DeadLetterQuery) -> Document:
    equal = {"state": query.state, "group": query.group, "envelope.type": query.type}
    wanted: list[Document] = [{path: str(want)} for path, want in equal.items() if want is not None]
    bounds = {
        ("at", "$gte"): None if query.since is None else micros(query.since),
        ("at", "$lt"): None if query.until is None else micros(query.until),
        (ID, "$lt"): query.before,
        (ID, "$gt"): query.after,
    }
    wanted += [{path: {verb: want}} for (path, verb), want in bounds.items() if want is not None]
    if query.text is not None:
        text = query.text.lower().replace("\x00", "")
        wanted.append({"lowered": {"$regex": re.escape(text)}})
    return {"$and": wanted} if wanted else {}


def _fields(record: DeadLetterRecord) -> Document:
    reason = record.reason.encode("utf-8", "replace").decode()
    return {
        "group": record.group,
        "state": record.state.value,
        "reason": reason,
        "lowered": reason.lower().replace("\x00", ""),
        "attempts": record.attempts,
        "at": micros(record.at),
        "version": record.version,
        "envelope": fields_of_envelope(record.envelope),
    }


def _record(document: Mapping[str, Any]) -> DeadLetterRecord:
    return DeadLetterRecord(
        id=document[ID],
        group=document["group"],
        envelope=envelope_of(document["envelope"]),
        reason=document["reason"],
        attempts=int(document["attempts"]),
        at=moment_of(int(document["at"])),
        state=DeadLetterStateEnum(document["state"]),
        version=int(document["version"]),
    )
