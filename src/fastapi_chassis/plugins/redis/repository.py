"""RedisRepository: the primitives of every repository on Redis, for collections that may be read whole."""

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import ClassVar, cast, override

from fastapi_chassis.application import AbstractRepository, AbstractUnitOfWork, Selection, matches
from fastapi_chassis.domain import AlreadyExistsException, Criterion
from fastapi_chassis.plugins.redis.change import Change
from fastapi_chassis.plugins.redis.collection import Collection
from fastapi_chassis.plugins.redis.commands import milliseconds
from fastapi_chassis.plugins.redis.draft import Draft
from fastapi_chassis.plugins.redis.reading import Reading
from fastapi_chassis.plugins.redis.rows import Row
from fastapi_chassis.plugins.redis.unit_of_work import RedisUnitOfWork


class _Verb(StrEnum):
    ADD = "add"
    UPDATE = "update"
    UPSERT = "upsert"
    REMOVE = "remove"
    SWEEP = "remove where"
    EXPIRE = "expire"


class RedisRepository[Entity, Key](AbstractRepository[Entity, Key]):
    """Rows by key; other questions read the collection, in batches, unless a key or unique value narrows it.

    Args:
        unit_of_work: the transaction that it takes part in.
    """

    ttl: ClassVar[timedelta | None] = None
    """How long an entity lives after it was last saved; None for as long as nobody removes it."""

    def __init__(self, unit_of_work: AbstractUnitOfWork | None = None) -> None:
        super().__init__(unit_of_work)
        self._session = cast("RedisUnitOfWork", unit_of_work).session
        self._rows = self.collection
        self._reading = Reading(self._session, self._rows, self.identity)

    @property
    @abstractmethod
    def collection(self) -> Collection[Entity]:
        """Where the rows lie; the store fills it in."""

    async def expire(self, key: Key, ttl: timedelta | None) -> None:
        """Ends an entity by itself after a while; None takes that away.

        Raises:
            NotFoundException: it is not there.
        """
        self._check_key(key)
        self._writable("expire", ())
        member, life = self._rows.codec.member(key), 0 if ttl is None else milliseconds(ttl)
        async with self._drafted(members=(member,)) as draft:
            row = draft.row(member)
            if row is None:
                raise self._missing(key)
            entity = self._rows.codec.decode(row)
            self._put(draft, _Verb.EXPIRE, entity, row, life)

    async def time_left(self, key: Key) -> timedelta | None:
        """Returns how long a stored entity still lives; None if it has no end, or is not there."""
        self._check_key(key)
        return await self._session.client.time_left(self._rows.row(self._rows.codec.member(key)))

    @override
    async def _get(self, key: Key) -> Entity | None:
        return await self._reading.one(self._rows.codec.member(key))

    @override
    async def _select(self, selection: Selection) -> list[Entity]:
        return await self._reading.select(selection)

    @override
    async def _stream(self, selection: Selection) -> AsyncGenerator[Entity, None]:
        async with aclosing(self._reading.stream(selection)) as found:
            async for entity in found:
                yield entity

    @override
    async def _count(self, criteria: Sequence[Criterion]) -> int:
        return await self._reading.count(criteria)

    @override
    async def _insert(self, entities: Sequence[Entity]) -> None:
        async with self._drafted(entities) as draft:
            for entity in entities:
                if draft.row(self._member(entity)) is not None:
                    raise self._known(entity)
                self._save(draft, _Verb.ADD, entity, 1)

    @override
    async def _update(self, entities: Sequence[Entity]) -> None:
        async with self._drafted(entities) as draft:
            for entity in entities:
                self._save(draft, _Verb.UPDATE, entity, self._checked(draft, entity) + 1)

    @override
    async def _upsert(self, entities: Sequence[Entity]) -> Sequence[int]:
        versions = []
        for entity in entities:
            # the version is told before the commit, so that only one may be under way
            await self._session.hold(self._rows.lock(self._member(entity)))
        async with self._drafted(entities) as draft:
            for entity in entities:
                row = draft.row(self._member(entity))
                versions.append(row.revision + 1 if row else 1)
                self._save(draft, _Verb.UPSERT, entity, versions[-1])
        return versions

    @override
    async def _remove(self, entity: Entity) -> None:
        async with self._drafted(members=(self._member(entity),)) as draft:
            self._checked(draft, entity)
            self._put(draft, _Verb.REMOVE, entity, None)

    @override
    async def _delete(self, criteria: Sequence[Criterion]) -> int:
        found: dict[str, tuple[Row, Entity]] = {}
        async with self._drafted() as draft:
            async for member, row, entity in self._reading.matching(criteria):
                found[member] = row, entity
            draft.know({member: row for member, (row, _) in found.items()})
            for _, entity in found.values():
                self._put(draft, _Verb.SWEEP, entity, None, criteria=criteria)
        return len(found)

    @asynccontextmanager
    async def _drafted(
        self, entities: Sequence[Entity] = (), members: Sequence[str] = ()
    ) -> AsyncIterator[Draft[Entity]]:
        """Makes one call all or nothing."""
        async with self._session.writing:
            draft = Draft(self._session, self._rows)
            await draft.load(entities, members or [self._member(entity) for entity in entities])
            yield draft
            self._session.apply(draft.changes.values(), draft.owners)

    def _save(self, draft: Draft[Entity], verb: _Verb, entity: Entity, version: int) -> None:
        life = milliseconds(self.ttl) if self.ttl else 0 if verb is _Verb.ADD else None
        self._put(draft, verb, entity, self._rows.codec.encode(entity, version), life)

    def _put(
        self,
        draft: Draft[Entity],
        verb: _Verb,
        entity: Entity,
        row: Row | None,
        life: int | None = None,
        *,
        criteria: Sequence[Criterion] = (),
    ) -> None:
        draft.put(
            self._member(entity),
            row,
            self._rows.claims(entity) if row else {},
            life=life,
            remake=partial(self._remade, verb, entity, criteria),
            taken=self._claimed,
        )

    def _remade(
        self, verb: _Verb, entity: Entity, criteria: Sequence[Criterion], change: Change, stored: Row | None
    ) -> Change | None:
        """Makes a change to a row that has moved; or says why it must not be."""
        if verb is _Verb.ADD and stored is not None:
            raise self._known(entity)
        if verb in {_Verb.UPDATE, _Verb.REMOVE} and (stored is None or self._has_version):
            raise self._lost(entity, stored.revision if stored else None)
        now = self._rows.codec.decode(stored) if stored else None
        if change.verb == "touch":
            if now is None:
                raise self._missing(self._key(entity))
            return replace(change, stored=stored, row=stored, claims=self._rows.claims(now))
        if verb is _Verb.SWEEP and change.row is None and (now is None or not matches(now, criteria)):
            return None
        frees = tuple(self._rows.claims(now)) if now is not None else ()
        written, read, is_ = change.row, change.stored, stored.revision if stored else 0
        if written is not None:
            written = written.moved(is_ + written.revision - (read.revision if read else 0))
        return replace(change, stored=stored, row=written, frees=frees)

    def _checked(self, draft: Draft[Entity], entity: Entity) -> int:
        row = draft.row(self._member(entity))
        if row is None or (self._has_version and row.revision != getattr(entity, "version", 0)):
            raise self._lost(entity, row.revision if row else None)
        return row.revision

    def _member(self, entity: Entity) -> str:
        return self._rows.codec.member(self._key(entity))

    def _known(self, entity: Entity) -> AlreadyExistsException:
        return self._taken(f"{self.identity} {self._key(entity)}")

    def _claimed(self, names: tuple[str, ...]) -> AlreadyExistsException:
        return self._taken(", ".join(names))
