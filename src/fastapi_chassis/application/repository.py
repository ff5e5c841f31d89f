"""AbstractRepository: the whole surface of every repository, over few primitives that a store fills."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import ClassVar, cast, get_args, get_origin

from fastapi_chassis.application.unit_of_work import AbstractUnitOfWork, TransactionRequiredError
from fastapi_chassis.domain import (
    MAX_PAGE,
    AlreadyExistsException,
    ConflictException,
    Criterion,
    Cursor,
    Finding,
    NotFoundException,
    Order,
    Page,
    ValidationException,
    WiringError,
    check_storable,
    criteria_for,
    order_for,
    problem_with,
    shape_of,
)


@dataclass(frozen=True, slots=True)
class Selection:
    """A checked question, as a store receives it.

    Args:
        criteria: what must hold, all of it.
        orders: a total order.
        limit: how many at most; None for all.
        offset: how many to pass over.
        after: the order's values of the entry behind which to begin.
    """

    criteria: tuple[Criterion, ...] = ()
    orders: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    after: tuple[object, ...] | None = None


class AbstractRepository[Entity, Key](ABC):
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
        return self._seen(await self._get(key))

    async def find(
        self, *, order: Sequence[str] = (), limit: int | None = None, offset: int = 0, **filters: object
    ) -> list[Entity]:
        """Returns the entities that match every filter, in a total order.

        Raises:
            ValidationException: an unknown field or lookup, a value of another type, a limit below zero.
        """
        return await self._found(self._selection(filters, order, limit, offset))

    async def first(self, *, order: Sequence[str] = (), **filters: object) -> Entity | None:
        """Returns the first match in the given order, or None."""
        found = await self._found(self._selection(filters, order, 1, 0))
        return found[0] if found else None

    async def page(
        self,
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
        if isinstance(limit, bool) or not 1 <= limit <= MAX_PAGE:
            raise _out_of_bounds("limit", f"between 1 and {MAX_PAGE}", limit)
        selection = self._selection(filters, order, limit + 1, offset, after)
        found = await self._found(selection)
        total = await self._count(selection.criteria) if count else None
        more = len(found) > limit
        items = tuple(found[:limit])
        return Page(items, self._cursor(items[-1], selection) if more else None, total)

    async def stream(self, *, order: Sequence[str] = (), **filters: object) -> AsyncIterator[Entity]:
        """Yields the matches one by one, never all in memory."""
        async with aclosing(self._stream(self._selection(filters, order, None, 0))) as found:
            async for entity in found:
                yield entity

    async def count(self, **filters: object) -> int:
        """Counts the matches."""
        return await self._count(criteria_for(self.entity, filters))

    async def exists(self, **filters: object) -> bool:
        """Whether anything matches."""
        return await self._exists(criteria_for(self.entity, filters))

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
            await self._update(batch)
            self._saved(batch)
        return batch if is_return_require else []

    async def upsert(self, entity: Entity) -> Entity:
        """Stores an entity whether or not its identity is there already; the last writer wins."""
        batch = self._writable("upsert", (entity,))
        versions = await self._upsert(batch)
        self._saved(batch, versions=versions)
        return entity

    async def remove(self, entity: Entity) -> None:
        """Removes an entity, if nobody stored it since it was read.

        Raises:
            NotFoundException: it is not there any more.
            ConflictException: its version has moved on.
        """
        (entity,) = self._writable("remove", (entity,))
        await self._remove(entity)
        if self._unit_of_work:
            self._unit_of_work.track(entity, saved=True)

    async def remove_where(self, **filters: object) -> int:
        """Removes every match and returns how many there were.

        Raises:
            ValidationException: no filter was given: removing everything is never an accident here.
        """
        if not filters:
            raise ValidationException("remove_where needs a filter", error_code="INVALID_FILTER")
        criteria = criteria_for(self.entity, filters)
        self._writable("remove", ())
        return await self._delete(criteria)

    # -- what a store fills ---------------------------------------------------------------------------

    @abstractmethod
    async def _get(self, key: Key) -> Entity | None:
        """Reads one by identity."""

    @abstractmethod
    async def _select(self, selection: Selection) -> list[Entity]:
        """Reads the matches."""

    @abstractmethod
    def _stream(self, selection: Selection) -> AsyncGenerator[Entity, None]:
        """Reads the matches bit by bit."""

    @abstractmethod
    async def _count(self, criteria: Sequence[Criterion]) -> int:
        """Counts the matches."""

    async def _exists(self, criteria: Sequence[Criterion]) -> bool:
        return bool(await self._select(Selection(tuple(criteria), limit=1)))

    @abstractmethod
    async def _insert(self, entities: Sequence[Entity]) -> None:
        """Writes new ones with version 1; all or none."""

    @abstractmethod
    async def _update(self, entities: Sequence[Entity]) -> None:
        """Writes each with its version plus one where the stored version is its own; see `_lost`."""

    @abstractmethod
    async def _upsert(self, entities: Sequence[Entity]) -> Sequence[int]:
        """Writes each whether it is there or not and returns the versions that were written."""

    @abstractmethod
    async def _remove(self, entity: Entity) -> None:
        """Removes one where the stored version is its own; see `_lost`."""

    @abstractmethod
    async def _delete(self, criteria: Sequence[Criterion]) -> int:
        """Removes the matches."""

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

    def _selection(
        self,
        filters: dict[str, object],
        order: Sequence[str],
        limit: int | None,
        offset: int,
        after: str | None = None,
    ) -> Selection:
        for name, value in (("limit", limit), ("offset", offset)):
            if value is not None and (isinstance(value, bool) or not 0 <= value < 2**31):
                raise _out_of_bounds(name, f"between 0 and {2**31 - 1}", value)
        criteria = criteria_for(self.entity, filters)
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
            if verb != "remove":
                check_storable(entity)
        return batch

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


def entity_of(repository: object) -> type | None:
    """Reads `Item` from `AbstractRepository[Item, UUID]`, or from a class that derives from it."""
    for alias in (repository, *getattr(repository, "__orig_bases__", ())):
        arguments = get_args(alias)
        if arguments and isinstance(arguments[0], type):
            return arguments[0]
    return getattr(repository, "entity", None)


def bind_repository[R](repository: Callable[..., R], store: type) -> Callable[..., R]:
    """Joins the questions of a feature's repository with the primitives of a store.

    Args:
        repository: a class that derives from AbstractRepository, or `AbstractRepository[Item, UUID]`.
        store: the store's class, which fills the primitives.

    Raises:
        WiringError: the repository does not say what it holds.
    """
    entity = entity_of(repository)
    if entity is None:
        raise WiringError(
            Finding(
                f"{repository!r} does not say what it holds", remedy="write AbstractRepository[Item, UUID]."
            )
        )
    own = () if get_origin(repository) else (cast("type", repository),)
    name = own[0].__name__ if own else f"{entity.__name__}Repository"
    members = {"entity": entity, "__module__": getattr(repository, "__module__", __name__)}
    return cast("Callable[..., R]", type(name, (*own, store), members))


def _out_of_bounds(name: str, bounds: str, value: object) -> ValidationException:
    message = f"{name} must be {bounds}, got {value}"
    return ValidationException(message, errors={name: [message]}, error_code="INVALID_PAGE")
