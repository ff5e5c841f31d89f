"""AbstractRepository: the whole surface of every repository, over the primitives that a store fills."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import ClassVar, cast

from fastapi_chassis.application.binding import entity_of
from fastapi_chassis.application.primitives import RepositoryPrimitives
from fastapi_chassis.application.record_keeping import (
    IS_REMOVED,
    IS_THERE,
    REMOVED_AT,
    is_soft,
    stamped,
    stamps,
)
from fastapi_chassis.application.selection import Selection, projected
from fastapi_chassis.application.unit_of_work import AbstractUnitOfWork, TransactionRequiredError
from fastapi_chassis.domain import (
    MAX_PAGE,
    AlreadyExistsException,
    Clock,
    ConflictException,
    Criterion,
    Cursor,
    NotFoundException,
    Page,
    SystemClock,
    ValidationException,
    check_storable,
    criteria_for,
    order_for,
    problem_with,
    shape_of,
)

MAX_PLACES = 2**31 - 1


class AbstractRepository[Entity, Key](RepositoryPrimitives[Entity, Key]):
    """A collection of entities that outlives the process.

    A service's repository derives from this class and asks the questions of its feature; which store fills
    the primitives is decided when the application is built.

    Args:
        unit_of_work: the transaction that it takes part in.
    """

    entity: ClassVar[type]
    identity: ClassVar[str] = "id"
    unique: ClassVar[tuple[tuple[str, ...], ...]] = ()
    cursor_key: bytes = b"fastapi-chassis"  # signs cursors; an application gives its own
    clock: Clock = SystemClock()  # dates what is audited or marked; an application gives its own

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        if "entity" not in cls.__dict__ and (entity := entity_of(cls)) is not None:
            cls.entity = entity

    def __init__(self, unit_of_work: AbstractUnitOfWork | None = None) -> None:
        self._unit_of_work = unit_of_work

    async def get(self, key: Key) -> Entity:
        """Returns the entity with this identity.

        Raises:
            NotFoundException: there is none.
        """
        found = await self.get_or_none(key)
        if found is None:
            raise self._missing(key)
        return found

    async def get_or_none(self, key: Key) -> Entity | None:
        """Returns the entity with this identity, or None."""
        self._check_key(key)
        found = await self._get(key)
        if found is not None and is_soft(self.entity) and getattr(found, REMOVED_AT) is not None:
            return None
        return self._seen(found)

    async def find(
        self, /, *, order: Sequence[str] = (), limit: int | None = None, offset: int = 0, **filters: object
    ) -> list[Entity]:
        """Returns the entities that match every filter, in a total order.

        Raises:
            ValidationException: an unknown field or lookup, a value of another type, a limit below zero.
        """
        return await self._found(self._selection(filters, order, limit, offset))

    async def first(self, /, *, order: Sequence[str] = (), **filters: object) -> Entity | None:
        """Returns the first match in the given order, or None."""
        found = await self._found(self._selection(filters, order, 1, 0))
        return found[0] if found else None

    async def project[Row](
        self,
        into: Callable[..., Row],
        /,
        *,
        order: Sequence[str] = (),
        limit: int | None = None,
        offset: int = 0,
        **filters: object,
    ) -> list[Row]:
        """Returns some fields of the matches, as values of another class; see `find` for the rest.

        Args:
            into: a dataclass whose fields are fields of the entity.
            order: see `page`.
            limit: how many at most.
            offset: entries to pass over.
            filters: the lookups.

        Raises:
            TypeError: a field that the entity does not have, or has as another type.
        """
        names = projected(self.entity, cast("type", into))
        rows = await self._project(self._selection(filters, order, limit, offset), names)
        return [into(**dict(zip(names, row, strict=True))) for row in rows]

    async def page(
        self,
        /,
        *,
        order: Sequence[str] = (),
        limit: int = 50,
        offset: int = 0,
        after: str | None = None,
        count: bool = False,
        **filters: object,
    ) -> Page[Entity]:
        """Returns a part of the matches and the cursor of the next part.

        Args:
            order: fields, a leading `-` for descending; the identity breaks ties.
            limit: entries per page, at most 1,000.
            offset: entries to pass over; not together with `after`.
            after: the cursor of the page before.
            count: whether to count all matches as well.
            filters: the lookups.

        Raises:
            ValidationException: an invalid filter, order, limit or cursor.
        """
        if not _is_between(1, limit, MAX_PAGE):
            raise _out_of_bounds("limit", f"between 1 and {MAX_PAGE}", limit)
        selection = self._selection(filters, order, limit + 1, offset, after)
        found = await self._found(selection)
        total = await self._count(selection.criteria) if count else None
        more = len(found) > limit
        items = tuple(found[:limit])
        return Page(items, self._cursor(items[-1], selection) if more else None, total)

    async def stream(self, /, *, order: Sequence[str] = (), **filters: object) -> AsyncIterator[Entity]:
        """Yields the matches one by one, never all in memory."""
        async with aclosing(self._stream(self._selection(filters, order, None, 0))) as found:
            async for entity in found:
                yield entity

    async def count(self, /, **filters: object) -> int:
        """Counts the matches."""
        return await self._count(self._criteria(filters))

    async def exists(self, /, **filters: object) -> bool:
        """Whether anything matches."""
        return await self._exists(self._criteria(filters))

    async def add(self, entity: Entity) -> Entity:
        """Stores a new entity.

        Raises:
            AlreadyExistsException: its identity or a unique value is taken.
            ValidationException: a value that no store can hold.
        """
        await self.add_many((entity,), is_return_require=False)
        return entity

    async def add_many(self, entities: Iterable[Entity], *, is_return_require: bool = True) -> list[Entity]:
        """Stores many new entities in few statements.

        Args:
            entities: none of them stored yet.
            is_return_require: whether to return them; False returns an empty list and is faster.

        Raises:
            AlreadyExistsException: an identity or a unique value is taken; nothing is stored then.
        """
        batch = self._writable("add", entities)
        if batch:
            with stamped(batch, stamps(self.entity, self.clock, first=True)):
                await self._insert(batch)
            self._saved(batch, first=True)
        return batch if is_return_require else []

    async def update(self, entity: Entity) -> Entity:
        """Stores a changed entity, if nobody stored it since it was read.

        Raises:
            NotFoundException: it is not there any more.
            ConflictException: its version has moved on; `details` has the current one.
        """
        await self.update_many((entity,), is_return_require=False)
        return entity

    async def update_many(
        self, entities: Iterable[Entity], *, is_return_require: bool = True
    ) -> list[Entity]:
        """Stores many changed entities; see `update`, and `add_many` for the arguments."""
        batch = self._writable("update", entities)
        if batch:
            await self._store(batch)
        return batch if is_return_require else []

    async def upsert(self, entity: Entity) -> Entity:
        """Stores an entity whether or not its identity is there already; the last writer wins."""
        batch = self._writable("upsert", (entity,))
        fields = stamps(self.entity, self.clock, first=True)
        if fields and (stored := await self._get(self._key(entity))) is not None:
            fields |= {name: getattr(stored, name) for name in ("created_at", "created_by")}
        with stamped(batch, fields):
            versions = await self._upsert(batch)
        self._saved(batch, versions=versions)
        return entity

    async def remove(self, entity: Entity) -> None:
        """Removes an entity, if nobody stored it since it was read; what is SoftDeletable is marked.

        Raises:
            NotFoundException: it is not there any more.
            ConflictException: its version has moved on.
        """
        (entity,) = self._writable("remove", (entity,))
        if is_soft(self.entity):
            if getattr(entity, REMOVED_AT) is not None:
                raise self._missing(self._key(entity))
            await self._store([entity], removed_at=self.clock.now())
            return
        await self._remove(entity)
        if self._unit_of_work:
            self._unit_of_work.track(entity, saved=True)

    async def remove_where(self, /, **filters: object) -> int:
        """Removes every match and returns how many there were.

        Raises:
            ValidationException: no filter was given: removing everything is never an accident here.
        """
        criteria = self._chosen("remove_where", filters)
        if not is_soft(self.entity):
            return await self._delete(criteria)
        orders = order_for(self.entity, (), tie_break=self.identity)
        matches, removed = Selection((*criteria, IS_THERE), orders, MAX_PAGE), 0
        while batch := await self._select(matches):
            await self._store(batch, removed_at=self.clock.now())
            removed += len(batch)
        return removed

    async def restore(self, entity: Entity) -> Entity:
        """Takes back the removal of what is SoftDeletable, if nobody stored it since it was read."""
        self._must_be_soft("restore")
        await self._store(self._writable("restore", (entity,)), removed_at=None)
        return entity

    async def purge(self, /, **filters: object) -> int:
        """Removes for good every match that was removed before, and returns how many there were.

        Raises:
            ValidationException: no filter was given.
        """
        self._must_be_soft("purge")
        return await self._delete((*self._chosen("purge", filters), IS_REMOVED))

    # -- what stores share ----------------------------------------------------------------------------

    @property
    def _has_version(self) -> bool:
        return "version" in shape_of(self.entity)

    def _key(self, entity: Entity) -> Key:
        return cast("Key", getattr(entity, self.identity))

    def _check_key(self, key: object) -> None:
        problem = problem_with(shape_of(self.entity)[self.identity].type, key)
        if problem:
            raise ValidationException(f"{self.identity}: {problem}", errors={self.identity: [problem]})

    def _criteria(self, filters: Mapping[str, object]) -> tuple[Criterion, ...]:
        criteria = criteria_for(self.entity, filters)
        if is_soft(self.entity) and all(one.field != REMOVED_AT for one in criteria):
            return (*criteria, IS_THERE)
        return criteria

    def _chosen(self, verb: str, filters: Mapping[str, object]) -> tuple[Criterion, ...]:
        if not filters:
            raise ValidationException(f"{verb} needs a filter", error_code="INVALID_FILTER")
        criteria = criteria_for(self.entity, filters)
        self._writable(verb, ())
        return criteria

    def _must_be_soft(self, verb: str) -> None:
        if not is_soft(self.entity):
            raise TypeError(f"{verb} is for what is SoftDeletable; {self.entity.__name__} is not")

    def _selection(
        self,
        filters: dict[str, object],
        order: Sequence[str],
        limit: int | None,
        offset: int,
        after: str | None = None,
    ) -> Selection:
        for name, value in (("limit", limit), ("offset", offset)):
            if value is not None and not _is_between(0, value, MAX_PLACES):
                raise _out_of_bounds(name, f"between 0 and {MAX_PLACES}", value)
        criteria = self._criteria(filters)
        orders = order_for(self.entity, order, tie_break=self.identity)
        if after is None:
            return Selection(criteria, orders, limit, offset)
        if offset:
            raise ValidationException("offset and after exclude each other", error_code="INVALID_CURSOR")
        cursor = Cursor.decode(after, self.cursor_key, criteria, orders)
        return Selection(criteria, orders, limit, 0, cursor.place(self.entity, orders))

    def _cursor(self, entity: Entity, selection: Selection) -> str:
        values = tuple(getattr(entity, order.field) for order in selection.orders)
        return Cursor(values).encode(self.cursor_key, selection.criteria, selection.orders)

    async def _found(self, selection: Selection) -> list[Entity]:
        found = await self._select(selection)
        if self._unit_of_work is not None and self._unit_of_work.is_active:
            for entity in found:
                self._unit_of_work.track(entity)
        return found

    def _seen(self, entity: Entity | None) -> Entity | None:
        if entity is not None and self._unit_of_work is not None and self._unit_of_work.is_active:
            self._unit_of_work.track(entity)
        return entity

    def _writable(self, verb: str, entities: Iterable[Entity]) -> list[Entity]:
        if self._unit_of_work is not None and not self._unit_of_work.is_active:
            raise TransactionRequiredError(f"{type(self).__name__}.{verb} was called")
        batch = list(entities)
        for entity in batch:
            if not isinstance(entity, self.entity):
                raise TypeError(
                    f"{type(self).__name__} holds {self.entity.__name__}, not {type(entity).__name__}"
                )
            if verb != "remove" or is_soft(self.entity):
                check_storable(entity)
        return batch

    async def _store(self, batch: Sequence[Entity], **fields: object) -> None:
        with stamped(batch, stamps(self.entity, self.clock) | fields):
            await self._update(batch)
        self._saved(batch)

    def _saved(
        self, entities: Sequence[Entity], *, first: bool = False, versions: Sequence[int] | None = None
    ) -> None:
        has_version = self._has_version
        for position, entity in enumerate(entities):
            if has_version:
                kept = versions[position] if versions else 1 if first else getattr(entity, "version") + 1  # noqa: B009
                setattr(entity, "version", kept)  # noqa: B010 - only some entities have one
            if self._unit_of_work is not None:
                self._unit_of_work.track(entity, saved=True)

    def _missing(self, key: object) -> NotFoundException:
        name = self.entity.__name__
        return NotFoundException(f"{name} {key} was not found", details={"entity": name, "key": str(key)})

    def _taken(self, what: str = "") -> AlreadyExistsException:
        name = self.entity.__name__
        return AlreadyExistsException(
            f"{name} exists already{what and f': {what} is taken'}", details={"entity": name}
        )

    def _lost(self, entity: Entity, current_version: int | None) -> NotFoundException | ConflictException:
        """Makes the exception for a write that met another version, or nothing at all."""
        if current_version is None:
            return self._missing(self._key(entity))
        name = self.entity.__name__
        return ConflictException(
            f"{name} {self._key(entity)} was changed by somebody else",
            details={"entity": name, "key": str(self._key(entity)), "current_version": current_version},
        )


def _is_between(least: int, value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _out_of_bounds(name: str, bounds: str, value: object) -> ValidationException:
    message = f"{name} must be {bounds}, got {str(value)[:40]}"
    return ValidationException(message, errors={name: [message]}, error_code="INVALID_PAGE")
