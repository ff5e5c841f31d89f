"""What waits for the commit where a server has no transactions: one aggregate, or the removal of many."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from fastapi_chassis.domain import AppException, TransientConflictException, new_id
from fastapi_chassis.plugins.odm.codec import (
    ID,
    REMOVED,
    REST,
    THERE,
    VERSION,
    Document,
    fields_of,
)
from fastapi_chassis.plugins.odm.errors import violated
from fastapi_chassis.plugins.odm.layout import BARE, CARRIED, CARRIER, NOTES_INDEX, StoredEntity

type Carried = Mapping[str, Sequence[Document]]
type Place = AsyncCollection[Document]

CHUNK = 1_000  # documents in one command
UPSERTS = 10  # tries of a write that wins whoever else writes
_OF_IDENTITY = {"_id_", "_id"}


@dataclass(slots=True)
class PendingWrite:
    """The one aggregate of a unit of work, as its commit will write it.

    Args:
        place: where it lies.
        key: its identity, as documents have it.
        base: the version that was stored when the unit of work met it; None where nothing was.
        document: the entity, encoded; None where it is to be removed.
        version: the version that will be stored.
        lost: makes the exception for a write that met another version, or nothing at all.
        taken: makes the exception for a value that another entity has.
        wins: whether it is stored whatever others store meanwhile.
        renumber: told the version, where others stored meanwhile.
    """

    place: StoredEntity
    key: object
    base: int | None
    document: bytes | None
    version: int
    lost: Callable[[int | None], AppException]
    taken: Callable[[str], AppException]
    wins: bool = False
    renumber: Callable[[int], None] | None = None

    def is_of(self, place: StoredEntity, key: object) -> bool:
        """Whether it is this entity that waits."""
        return self.place.collection == place.collection and self.key == key

    async def commit(self, database: AsyncDatabase[Document], carried: Carried) -> Carried:
        """Writes it and what travels with it, by one atomic command.

        Returns:
            What could not travel with it: nothing is written for an entity that was added and removed.

        Raises:
            AppException: somebody else was quicker; nothing is stored then.
        """
        collection = database[self.place.collection]
        if self.document is None and self.base is None:
            return carried
        try:
            for _ in range(UPSERTS if self.wins else 1):
                if await self._write(collection, carried):
                    return {}
                self.base = await stored_version(collection, self.key)
                if not self.wins:
                    raise self.lost(self.base)
                self._renumber()
        except DuplicateKeyError as error:
            raise self._refused(error) from None
        raise TransientConflictException("too many others write the same; try again")

    async def _write(self, collection: Place, carried: Carried) -> bool:
        if self.document is None:
            return await self._remove(collection, carried)
        fields = fields_of(self.document)
        if self.place.has_version:
            fields[VERSION] = self.version
        if self.base is None:
            return await self._insert(collection, fields, carried)
        return await self._replace(collection, fields, carried)

    async def _insert(self, collection: Place, fields: Document, carried: Carried) -> bool:
        try:
            await collection.insert_one({**fields, **carried})
        except DuplicateKeyError as error:
            if violated(error) not in _OF_IDENTITY:
                raise
        else:
            return True
        # an entity that was removed lies there until its messages have left: they leave before the new ones
        over = {ID: self.key, REMOVED: {"$exists": True}}
        renewed = await collection.update_one(over, {**_setting(fields, carried), "$unset": {REMOVED: ""}})
        if not renewed.matched_count and not self.wins:
            raise self.taken(f"{self.place.identity} {self.key}")
        return bool(renewed.matched_count)

    async def _replace(self, collection: Place, fields: Document, carried: Carried) -> bool:
        command = _setting(fields, carried)
        if REST not in fields:
            command["$unset"] = {REST: ""}
        return bool((await collection.update_one(self._as_met, command)).matched_count)

    async def _remove(self, collection: Place, carried: Carried) -> bool:
        if not carried:
            removed = await collection.delete_one({**self._as_met, **BARE})
            if removed.deleted_count:
                return True
        marked = await collection.update_one(self._as_met, [_tombstone(carried)])
        return bool(marked.matched_count)

    @property
    def _as_met(self) -> Document:
        guard = {ID: self.key, **THERE}
        return {**guard, VERSION: self.base} if self.place.has_version else guard

    def _renumber(self) -> None:
        self.version = (self.base or 0) + 1
        if self.renumber is not None:
            self.renumber(self.version)

    def _refused(self, error: DuplicateKeyError) -> AppException:
        index = violated(error) or ""
        if index == NOTES_INDEX:
            return _done_already()
        return self.taken(", ".join(self.place.unique.get(index, ())))


@dataclass(frozen=True, slots=True)
class PendingRemovals:
    """Many entities that the commit removes, each by itself: a crash may stop it half way.

    Args:
        place: where they lie.
        keys: their identities, as documents have them.
        question: what must hold still when one is removed.
    """

    place: StoredEntity
    keys: tuple[object, ...]
    question: Document

    async def commit(self, database: AsyncDatabase[Document], carried: Carried) -> Carried:
        """Removes them; what travels is written behind them, in a carrier."""
        await remove_all(database[self.place.collection], self.keys, self.question)
        return carried


async def remove_all(
    collection: Place, keys: Sequence[object], question: Document, session: AsyncClientSession | None = None
) -> None:
    """Removes what still answers a question; what has messages or notes leaves those behind."""
    for chunk in batched(keys, CHUNK):
        wanted: Document = {"$and": [{ID: {"$in": list(chunk)}}, question]}
        await collection.delete_many({"$and": [wanted, BARE]}, session=session)
        await collection.update_many(wanted, [_tombstone({})], session=session)


async def stored_version(
    collection: Place, key: object, session: AsyncClientSession | None = None
) -> int | None:
    """Returns the version that is stored, 0 where the entity has none, None where nothing is stored."""
    found = await collection.find_one({ID: key, **THERE}, {VERSION: 1}, session=session)
    return None if found is None else int(found.get(VERSION) or 0)


async def write_carrier(
    database: AsyncDatabase[Document], carried: Carried, session: AsyncClientSession | None = None
) -> None:
    """Writes what travels with no aggregate."""
    try:
        await database[CARRIER].insert_one({ID: new_id(), **carried}, session=session)
    except DuplicateKeyError:
        raise _done_already() from None


def _setting(fields: Document, carried: Carried) -> Document:
    command: Document = {"$set": {name: value for name, value in fields.items() if name != ID}}
    if carried:
        command["$push"] = {field: {"$each": list(several)} for field, several in carried.items()}
    return command


def _tombstone(carried: Carried) -> Document:
    """Keeps nothing of an entity but its identity, and what waits beside it."""
    joined = {
        field: {"$concatArrays": [{"$ifNull": [f"${field}", []]}, {"$literal": list(carried.get(field, ()))}]}
        for field in CARRIED
    }
    return {"$replaceWith": {ID: f"${ID}", REMOVED: "$$NOW", **joined}}


def _done_already() -> AppException:
    return TransientConflictException("somebody else did the same just now; try again")
