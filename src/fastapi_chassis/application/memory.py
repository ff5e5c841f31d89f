"""The memory twins of repository, unit of work and idempotency store: every store is held against them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import cast, override
from weakref import WeakValueDictionary

from fastapi_chassis.application.binding import bind_repository
from fastapi_chassis.application.idempotency import IdempotencyStore, StoredAnswer, idempotency_for
from fastapi_chassis.application.matching import arranged, behind, matches
from fastapi_chassis.application.repository import AbstractRepository
from fastapi_chassis.application.selection import Selection
from fastapi_chassis.application.unit_of_work import EventDispatch, EventSink, SessionUnitOfWork
from fastapi_chassis.domain import ConflictException, Criterion, UnavailableException

type Rows = dict[object, object]
type Owners = dict[tuple[str, ...], dict[tuple[object, ...], object]]

_REMOVED = object()
_WRITER = "writer"


class MemoryStore:
    """What has been committed: rows by entity and identity; and locks that a transaction holds until its end.

    Args:
        lock_timeout: seconds that a transaction waits for another one.
    """

    def __init__(self, *, lock_timeout: float = 5.0) -> None:
        self._tables: dict[type, Rows] = {}
        self._claims: dict[object, MemorySession] = {}
        # weak: a lock is forgotten with the last transaction that holds it or waits for it
        self._locks: WeakValueDictionary[object, asyncio.Lock] = WeakValueDictionary()
        self._lock_timeout = lock_timeout

    def rows(self, entity: type) -> Rows:
        """Returns the committed rows of one entity."""
        return self._tables.setdefault(entity, {})

    def claim(self, what: object, session: "MemorySession") -> bool:
        """Keeps something for a session until that closes; False if another one has it."""
        return self._claims.setdefault(what, session) is session

    def release(self, session: "MemorySession") -> None:
        """Ends the claims of a session."""
        self._claims = {what: owner for what, owner in self._claims.items() if owner is not session}

    async def lock(self, name: object) -> asyncio.Lock:
        """Acquires the lock of a name and returns it, to be released by the caller.

        Raises:
            UnavailableException: another transaction held it for too long.
        """
        lock = self._locks.get(name)
        if lock is None:
            lock = self._locks[name] = asyncio.Lock()
        try:
            async with asyncio.timeout(self._lock_timeout):
                await lock.acquire()
        except TimeoutError:
            raise UnavailableException("another transaction is still writing", retry_after=1) from None
        return lock


class MemorySession:
    """What one transaction has changed and not yet committed.

    Args:
        store: what it commits to.
    """

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self._changes: dict[type, Rows] = {}
        self._locks: dict[object, asyncio.Lock] = {}

    def rows(self, entity: type) -> Rows:
        """Returns the rows as this transaction sees them."""
        merged = self.store.rows(entity) | self._changes.get(entity, {})
        return {key: row for key, row in merged.items() if row is not _REMOVED}

    def row(self, entity: type, key: object) -> object | None:
        """Returns one row as this transaction sees it."""
        row = self._changes.get(entity, {}).get(key)
        if row is None:
            row = self.store.rows(entity).get(key)
        return None if row is _REMOVED else row

    async def write(self) -> None:
        """Makes sure that this transaction is the writer; call it before reading what is to be changed."""
        await self.hold(_WRITER)

    async def hold(self, name: object) -> None:
        """Holds the lock of a name until this transaction ends."""
        if name not in self._locks:
            self._locks[name] = await self.store.lock(name)

    def savepoint(self) -> dict[type, Rows]:
        """Notes the changes so far."""
        return {entity: dict(rows) for entity, rows in self._changes.items()}

    def restore(self, savepoint: dict[type, Rows]) -> None:
        """Goes back to what was noted."""
        self._changes = savepoint

    def put(self, entity: type, key: object, row: object) -> None:
        """Writes a row."""
        self._changes.setdefault(entity, {})[key] = row

    def remove(self, entity: type, key: object) -> None:
        """Removes a row."""
        self.put(entity, key, _REMOVED)

    async def begin(self) -> None:
        """Nothing is to be done before something is written."""

    async def commit(self) -> None:
        """Makes the changes everybody's."""
        for entity, changes in self._changes.items():
            rows = self.store.rows(entity)
            for key, row in changes.items():
                if row is _REMOVED:
                    rows.pop(key, None)
                else:
                    rows[key] = row
        await self.end()

    async def end(self) -> None:
        """Forgets the changes and lets the next one in."""
        self._changes.clear()
        self.store.release(self)
        while self._locks:
            self._locks.popitem()[1].release()


class InMemoryUnitOfWork(SessionUnitOfWork[MemorySession]):
    """A transaction on a memory store.

    Args:
        store: what it commits to; one of its own where nothing is given.
        sink: takes the integration events.
        dispatch: runs the handlers of domain events.
    """

    def __init__(
        self,
        store: MemoryStore | None = None,
        *,
        sink: EventSink | None = None,
        dispatch: EventDispatch | None = None,
    ) -> None:
        super().__init__(MemorySession(store or MemoryStore()), sink=sink, dispatch=dispatch)

    @property
    @override
    def can_be_shared(self) -> bool:
        """Whether units of work of other messages may join this one."""
        return True


class AbstractRepositoryInMemory[Entity, Key](AbstractRepository[Entity, Key]):
    """A repository whose store is the process: for tests, and for a service without a database.

    Args:
        unit_of_work: the transaction that it takes part in; without one, each call is its own.
    """

    def __init__(self, unit_of_work: InMemoryUnitOfWork | None = None) -> None:
        super().__init__(unit_of_work)
        self._session = unit_of_work.session if unit_of_work else MemorySession(MemoryStore())

    async def _get(self, key: Key) -> Entity | None:
        return cast("Entity | None", deepcopy(self._session.row(self.entity, key)))

    async def _select(self, selection: Selection) -> list[Entity]:
        found = [row for row in self._rows() if matches(row, selection.criteria)]
        if selection.after is not None:
            found = behind(found, selection.after, selection.orders)
        start, limit = selection.offset, selection.limit
        cut = arranged(found, selection.orders)[start : None if limit is None else start + limit]
        return [deepcopy(row) for row in cut]

    async def _stream(self, selection: Selection) -> AsyncGenerator[Entity, None]:
        for entity in await self._select(selection):
            yield entity

    async def _count(self, criteria: Sequence[Criterion]) -> int:
        return sum(matches(row, criteria) for row in self._rows())

    async def _insert(self, entities: Sequence[Entity]) -> None:
        async with self._writing():
            owners = self._owners()
            for entity in entities:
                if self._session.row(self.entity, self._key(entity)) is not None:
                    raise self._taken(f"{self.identity} {self._key(entity)}")
                self._put(entity, 1, owners)

    async def _update(self, entities: Sequence[Entity]) -> None:
        async with self._writing():
            owners = self._owners()
            for entity in entities:
                self._put(entity, self._checked_version(entity) + 1, owners)

    async def _upsert(self, entities: Sequence[Entity]) -> Sequence[int]:
        versions = []
        async with self._writing():
            owners = self._owners()
            for entity in entities:
                stored = self._session.row(self.entity, self._key(entity))
                versions.append(getattr(stored, "version", 0) + 1)
                self._put(entity, versions[-1], owners)
        return versions

    async def _remove(self, entity: Entity) -> None:
        async with self._writing():
            self._checked_version(entity)
            self._session.remove(self.entity, self._key(entity))

    async def _delete(self, criteria: Sequence[Criterion]) -> int:
        async with self._writing():
            found = [row for row in self._rows() if matches(row, criteria)]
            for row in found:
                self._session.remove(self.entity, self._key(row))
        return len(found)

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[None]:
        """Makes one call all or nothing; without a unit of work, a transaction of its own."""
        await self._session.write()
        before = self._session.savepoint()
        try:
            yield
        except Exception:
            self._session.restore(before)
            raise
        finally:
            if self._unit_of_work is None:
                await self._session.commit()

    def _rows(self) -> list[Entity]:
        return cast("list[Entity]", list(self._session.rows(self.entity).values()))

    def _checked_version(self, entity: Entity) -> int:
        stored = self._session.row(self.entity, self._key(entity))
        current = None if stored is None else getattr(stored, "version", 0)
        if current is None or current != getattr(entity, "version", 0):
            raise self._lost(entity, current)
        return int(current)

    def _owners(self) -> Owners:
        """Notes who holds each unique value; once per call, so that a large batch stays fast."""
        rows = self._rows() if self.unique else []
        return {names: {_values(row, names): self._key(row) for row in rows} for names in self.unique}

    def _put(self, entity: Entity, version: int, owners: Owners) -> None:
        key = self._key(entity)
        stored = self._session.row(self.entity, key)
        for names, owner in owners.items():
            wanted = _values(entity, names)
            if None not in wanted and owner.get(wanted, key) != key:
                raise self._taken(", ".join(names))
            if stored is not None:
                owner.pop(_values(stored, names), None)
            owner[wanted] = key
        row = deepcopy(entity)
        row.__dict__.pop("_events", None)
        if self._has_version:
            setattr(row, "version", version)  # noqa: B010 - only some entities have one
        self._session.put(self.entity, key, row)


def _values(row: object, names: tuple[str, ...]) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in names)


class InMemoryIdempotencyStore:
    """Keeps answers beside the rows of a memory store.

    Args:
        session: the transaction in which the work is done.
    """

    def __init__(self, session: MemorySession) -> None:
        self._session = session

    async def reserve(self, key: str, fingerprint: str) -> StoredAnswer | None:
        """Returns the answer that was given, or None and keeps the key for this transaction."""
        del fingerprint
        if not self._session.store.claim((StoredAnswer, key), self._session):
            raise ConflictException(
                "a request with this Idempotency-Key is being handled",
                error_code="IDEMPOTENCY_KEY_IN_USE",
            )
        return cast("StoredAnswer | None", self._session.row(StoredAnswer, key))

    async def keep(self, key: str, answer: StoredAnswer) -> None:
        """Stores the answer with the transaction."""
        await self._session.write()
        self._session.put(StoredAnswer, key, answer)


@idempotency_for.register
def _(session: MemorySession) -> IdempotencyStore:
    return InMemoryIdempotencyStore(session)


def in_memory[R](repository: Callable[..., R], unit_of_work: InMemoryUnitOfWork | None = None) -> R:
    """Makes a repository that lives in memory: `in_memory(ItemRepository)`; for unit tests of handlers.

    Args:
        repository: a repository class, or `AbstractRepository[Item, UUID]`.
        unit_of_work: the transaction that it takes part in; without one, each call is its own.
    """
    return bind_repository(repository, AbstractRepositoryInMemory)(unit_of_work)
