"""Writers: how the writes of a repository reach MongoDB, in a transaction or as one aggregate per commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import InsertOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import OperationFailure

from fastapi_chassis.application import OneAggregatePerCommitError
from fastapi_chassis.domain import AppException, TransientConflictException
from fastapi_chassis.plugins.odm.codec import ID, REST, THERE, VERSION, Document, fields_of
from fastapi_chassis.plugins.odm.errors import violated
from fastapi_chassis.plugins.odm.layout import StoredEntity
from fastapi_chassis.plugins.odm.lookups import Question
from fastapi_chassis.plugins.odm.meeting import Met, meet
from fastapi_chassis.plugins.odm.pending import PendingRemovals, PendingWrite, remove_all
from fastapi_chassis.plugins.odm.session import ODMSession

type Place = AsyncCollection[Document]
type Bulk = list[InsertOne[Document] | UpdateOne]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a repository writes, and how it refuses.

    Args:
        session: the unit of work.
        place: where the entities lie.
        repository: the repository's name.
        lost: makes the exception for a write that met another version, or nothing at all.
        taken: makes the exception for a value that another entity has.
    """

    session: ODMSession
    place: StoredEntity
    repository: str
    lost: Callable[[Any, int | None], AppException]
    taken: Callable[[str], AppException]

    @property
    def collection(self) -> Place:
        """The entities' collection."""
        return self.session.database[self.place.collection]

    def key(self, entity: object) -> object:
        """Returns an entity's identity, as documents have it."""
        return self.place.codec.key(getattr(entity, self.place.identity))

    def refuse_if_lost(self, entity: object, current: int | None) -> int:
        """Returns the stored version, where it is the entity's own."""
        if current is None or current != getattr(entity, VERSION, 0):
            raise self.lost(entity, current)
        return current

    def refuse_if_taken(self, met: Met, key: object, entity: object) -> None:
        """Refuses unique values that another entity has."""
        names = met.taken(key, entity)
        if names is not None:
            raise self.taken(", ".join(names))

    def identity_of(self, entity: object) -> str:
        """Shows the identity of an entity."""
        return f"{self.place.identity} {getattr(entity, self.place.identity)}"


class TransactionWriter:
    """Writes at once, in the transaction; what can be refused is looked up before, for an error ends it.

    Args:
        target: where to.
    """

    def __init__(self, target: Target) -> None:
        self._target = target

    async def insert(self, entities: Sequence[Any]) -> None:
        """Writes new ones."""

        def prepare(met: Met, key: object, entity: object) -> tuple[int, InsertOne[Document]]:
            if key in met.versions:
                raise self._target.taken(self._target.identity_of(entity))
            return 1, InsertOne(fields_of(self._encoded(entity, 1)))

        await self._write(entities, prepare)

    async def update(self, entities: Sequence[Any]) -> None:
        """Writes changed ones."""

        def prepare(met: Met, key: object, entity: object) -> tuple[int, UpdateOne]:
            current = self._target.refuse_if_lost(entity, met.versions.get(key))
            version = current + 1 if self._target.place.has_version else 0
            return version, UpdateOne(self._as_met(key, current), self._setting(entity, version))

        await self._write(entities, prepare)

    async def upsert(self, entities: Sequence[Any]) -> Sequence[int]:
        """Writes them whether or not they are there."""
        versions: list[int] = []

        def prepare(met: Met, key: object, entity: object) -> tuple[int, UpdateOne]:
            current = met.versions.get(key, 0)
            versions.append(current + 1)
            guard = self._as_met(key, current) if key in met.versions else {ID: key}
            return current + 1, UpdateOne(guard, self._setting(entity, current + 1), upsert=True)

        await self._write(entities, prepare)
        return versions

    async def remove(self, entity: Any) -> None:
        """Removes one."""
        target, key = self._target, self._target.key(entity)

        async def work(session: AsyncClientSession | None) -> None:
            met = await meet(target.collection, target.place, {key: None}, session)
            current = target.refuse_if_lost(entity, met.versions.get(key))
            await remove_all(target.collection, [key], self._as_met(key, current), session)

        await target.session.write(work)

    async def delete(self, keys: Sequence[object], question: Question) -> None:
        """Removes several."""
        target = self._target
        await target.session.write(
            lambda session: remove_all(target.collection, keys, question.filter, session)
        )

    async def _write(
        self,
        entities: Sequence[Any],
        prepare: Callable[[Met, object, Any], tuple[int, InsertOne[Document] | UpdateOne]],
    ) -> None:
        target = self._target
        keyed = [(target.key(entity), entity) for entity in entities]

        async def work(session: AsyncClientSession | None) -> None:
            met = await meet(target.collection, target.place, dict(keyed), session)
            commands: Bulk = []
            for key, entity in keyed:
                version, command = prepare(met, key, entity)
                target.refuse_if_taken(met, key, entity)
                met.write(key, entity, version)
                commands.append(command)
            await self._send(commands, session)

        await target.session.write(work)

    async def _send(self, commands: Bulk, session: AsyncClientSession | None) -> None:
        """Writes what was looked up: another transaction that was quicker has ended this one."""
        target = self._target
        failure: AppException = TransientConflictException("somebody else changed the same data; try again")
        try:
            result = await target.collection.bulk_write(commands, ordered=True, session=session)
        except OperationFailure as error:
            index = violated(error)
            if index is None:
                raise
            failure = target.taken(", ".join(target.place.unique.get(index, ())))
        else:
            if result.inserted_count + result.matched_count + result.upserted_count == len(commands):
                return
        target.session.fail(failure)
        raise failure

    def _encoded(self, entity: object, version: int) -> bytes:
        place = self._target.place
        return place.codec.encode(entity, version if place.has_version else None)

    def _setting(self, entity: object, version: int) -> Document:
        fields = fields_of(self._encoded(entity, version))
        command: Document = {"$set": {name: value for name, value in fields.items() if name != ID}}
        if REST not in fields:
            command["$unset"] = {REST: ""}
        return command

    def _as_met(self, key: object, current: int) -> Document:
        guard = {ID: key, **THERE}
        return {**guard, VERSION: current} if self._target.place.has_version else guard


class DocumentWriter:
    """Keeps the one aggregate of a unit of work until the commit writes it by one atomic command.

    Args:
        target: where to.
    """

    def __init__(self, target: Target) -> None:
        self._target = target

    async def insert(self, entities: Sequence[Any]) -> None:
        """Keeps a new one."""
        entity, key, met, pending = await self._meet("add", entities)
        if key in met.versions:
            raise self._target.taken(self._target.identity_of(entity))
        self._target.refuse_if_taken(met, key, entity)
        self._keep(entity, key, pending.base if pending else None, 1)

    async def update(self, entities: Sequence[Any]) -> None:
        """Keeps a changed one."""
        entity, key, met, pending = await self._meet("update", entities)
        current = self._target.refuse_if_lost(entity, met.versions.get(key))
        self._target.refuse_if_taken(met, key, entity)
        self._keep(entity, key, pending.base if pending else current, current + 1)

    async def upsert(self, entities: Sequence[Any]) -> Sequence[int]:
        """Keeps one that is written whoever else writes; others of this process wait in line."""
        self._must_be_one("upsert", entities)
        await self._target.session.hold((self._target.place.collection, self._target.key(entities[0])))
        entity, key, met, pending = await self._meet("upsert", entities)
        self._target.refuse_if_taken(met, key, entity)
        current = met.versions.get(key)
        version = (current or 0) + 1
        self._keep(entity, key, pending.base if pending else current, version, wins=True)
        return [version]

    async def remove(self, entity: Any) -> None:
        """Keeps the removal of one."""
        entity, key, met, pending = await self._meet("remove", [entity])
        current = self._target.refuse_if_lost(entity, met.versions.get(key))
        self._keep(entity, key, pending.base if pending else current, current, removed=True)

    async def delete(self, keys: Sequence[object], question: Question) -> None:
        """Keeps the removal of several, which a unit of work may do if it writes nothing else."""
        session, place = self._target.session, self._target.place
        session.must_be_open()
        pending = session.pending
        if not keys:
            return
        if isinstance(pending, PendingWrite) and pending.place.collection == place.collection:
            if set(keys) == {pending.key}:
                pending.document = None
                return
        elif isinstance(pending, PendingRemovals) and pending.place.collection == place.collection:
            keys = (*pending.keys, *keys)
            either: Document = {"$or": [pending.question, question.filter]}
            session.pending = PendingRemovals(place, tuple(dict.fromkeys(keys)), either)
            return
        if pending is not None:
            raise self._refused("remove_where")
        session.pending = PendingRemovals(place, tuple(keys), question.filter)

    async def _meet(self, verb: str, entities: Sequence[Any]) -> tuple[Any, object, Met, PendingWrite | None]:
        """Reads what the unit of work would write over: what waits already, or what is stored."""
        session, target = self._target.session, self._target
        session.must_be_open()
        self._must_be_one(verb, entities)
        entity = entities[0]
        key, pending = target.key(entity), session.pending
        if pending is not None and not (
            isinstance(pending, PendingWrite) and pending.is_of(target.place, key)
        ):
            raise self._refused(verb)
        met = await session.read(lambda _: meet(target.collection, target.place, {key: entity}))
        if not isinstance(pending, PendingWrite):
            return entity, key, met, None
        met.versions = {} if pending.document is None else {key: pending.version}
        return entity, key, met, pending

    def _keep(
        self,
        entity: Any,
        key: object,
        base: int | None,
        version: int,
        *,
        removed: bool = False,
        wins: bool = False,
    ) -> None:
        target, before = self._target, self._target.session.pending
        numbered = version if target.place.has_version else 0
        target.session.pending = PendingWrite(
            target.place,
            key,
            base,
            None if removed else target.place.codec.encode(entity, numbered or None),
            numbered,
            lost=lambda current: target.lost(entity, current),
            taken=target.taken,
            wins=wins or (isinstance(before, PendingWrite) and before.wins),
            renumber=(lambda stored: setattr(entity, VERSION, stored)) if numbered else None,
        )

    def _must_be_one(self, verb: str, entities: Sequence[Any]) -> None:
        if len(entities) > 1:
            raise self._refused(f"{verb}_many")

    def _refused(self, verb: str) -> OneAggregatePerCommitError:
        return OneAggregatePerCommitError(f"{self._target.repository}.{verb}")
