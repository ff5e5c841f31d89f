"""SqlAlchemyRepository: the primitives of every repository, on SQLAlchemy Core."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from itertools import batched
from typing import ClassVar, cast, override

from sqlalchemy import Table

from fastapi_chassis.application import AbstractRepository, Selection
from fastapi_chassis.domain import AppException, Criterion
from fastapi_chassis.plugins.sqlalchemy.compiled import Row
from fastapi_chassis.plugins.sqlalchemy.dialects import BULK
from fastapi_chassis.plugins.sqlalchemy.errors import violated
from fastapi_chassis.plugins.sqlalchemy.executor import Executor
from fastapi_chassis.plugins.sqlalchemy.rows import VALUE
from fastapi_chassis.plugins.sqlalchemy.statements import SEEN, VERSION
from fastapi_chassis.plugins.sqlalchemy.tables import unique_groups
from fastapi_chassis.plugins.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWork

VALUE_OF_VERSION = f"{VALUE}{VERSION}"


class SqlAlchemyRepository[Entity, Key](AbstractRepository[Entity, Key]):
    """A repository on PostgreSQL or SQLite.

    Args:
        unit_of_work: the transaction that it takes part in; outside of one it only reads.
    """

    table: ClassVar[Table | None] = None

    def __init__(self, unit_of_work: SqlAlchemyUnitOfWork) -> None:
        super().__init__(unit_of_work)
        self._session = unit_of_work.session
        stored = self._session.database.schema.stored(type(self))
        self._statements, self._rows = stored.statements, stored.rows
        self._table, self._has_unique = stored.table, stored.has_unique
        self._first_version = {VALUE_OF_VERSION: 1} if self._has_version else {}

    @override
    async def _get(self, key: Key) -> Entity | None:
        rows = await self._session.fetch(self._statements.get, {"key": key})
        return self._rows.entities(rows)[0] if rows else None

    @override
    async def _select(self, selection: Selection) -> list[Entity]:
        return self._rows.entities(await self._session.fetch(*self._statements.select(selection)))

    @override
    async def _stream(self, selection: Selection) -> AsyncGenerator[Entity, None]:
        async with aclosing(self._session.stream(*self._statements.select(selection))) as bunches:
            async for rows in bunches:
                for entity in self._rows.entities(rows):
                    yield entity

    @override
    async def _count(self, criteria: Sequence[Criterion]) -> int:
        ((count,),) = await self._session.fetch(*self._statements.count(criteria))
        return cast("int", count)

    @override
    async def _exists(self, criteria: Sequence[Criterion]) -> bool:
        return bool(await self._session.fetch(*self._statements.exists(criteria)))

    @override
    async def _insert(self, entities: Sequence[Entity]) -> None:
        async with self._session.executing() as executor:
            if len(entities) > 1:
                async with self._savepoint(executor):
                    await executor.write(self._statements.bulk_insert, self._new_rows(entities))
                return
            values = self._rows.parameters(entities[0]) | self._first_version
            if not await executor.execute(self._statements.insert_if_free, values):
                raise self._taken(await self._what_is_taken(executor, values))

    @override
    async def _update(self, entities: Sequence[Entity]) -> None:
        async with self._session.executing() as executor, self._savepoint(executor, self._has_unique):
            if len(entities) > 1:
                await self._hold(executor, entities)
                await executor.write(self._statements.bulk_update, self._changed_rows(entities))
            elif not await executor.execute(self._statements.update, self._changed(entities[0])):
                raise await self._met(executor, entities[0])

    @override
    async def _upsert(self, entities: Sequence[Entity]) -> Sequence[int]:
        async with self._session.executing() as executor, self._savepoint(executor, self._has_unique):
            return [await self._upsert_one(executor, entity) for entity in entities]

    @override
    async def _remove(self, entity: Entity) -> None:
        parameters = {"key": self._key(entity)}
        if self._has_version:
            parameters[SEEN] = getattr(entity, VERSION)
        async with self._session.executing() as executor:
            if not await executor.execute(self._statements.remove, parameters):
                raise await self._met(executor, entity)

    @override
    async def _delete(self, criteria: Sequence[Criterion]) -> int:
        async with self._session.executing() as executor:
            return await executor.execute(*self._statements.delete(criteria))

    def _new_rows(self, entities: Sequence[Entity]) -> list[Row]:
        rows = map(self._rows.read, entities)
        if not self._has_version:
            return list(rows)
        place = self._rows.names.index(VERSION)
        return [(*row[:place], 1, *row[place + 1 :]) for row in rows]

    def _changed_rows(self, entities: Sequence[Entity]) -> list[Row]:
        rows = map(self._rows.read, entities)
        if not self._has_version:
            return list(rows)
        place = self._rows.names.index(VERSION)
        return [(*row[:place], cast("int", row[place]) + 1, *row[place + 1 :], row[place]) for row in rows]

    def _changed(self, entity: Entity) -> dict[str, object]:
        values = self._rows.parameters(entity)
        if self._has_version:
            seen = values[SEEN] = cast("int", values[VALUE_OF_VERSION])
            values[VALUE_OF_VERSION] = seen + 1
        return values

    async def _upsert_one(self, executor: Executor, entity: Entity) -> int:
        values = self._rows.parameters(entity) | self._first_version
        if not self._has_version:
            await executor.execute(self._statements.upsert, values)
            return 1
        ((version,),) = await executor.fetch(self._statements.upsert, values)
        return cast("int", version)

    async def _hold(self, executor: Executor, entities: Sequence[Entity]) -> None:
        """Locks many rows and compares their versions: many updates at once can't tell whom they met."""
        found: dict[object, int] = {}
        for part in batched(entities, BULK):
            rows = await executor.fetch(self._statements.hold, {"keys": list(map(self._key, part))})
            found |= {key: cast("int", version) for key, version in rows}
        for entity in entities:
            current = found.get(self._key(entity))
            if current is None or (self._has_version and current != getattr(entity, VERSION)):
                raise self._lost(entity, current)
            found[self._key(entity)] = current + 1

    async def _met(self, executor: Executor, entity: Entity) -> Exception:
        rows = await executor.fetch(self._statements.version, {"key": self._key(entity)})
        return self._lost(entity, cast("int", rows[0][0]) if rows else None)

    async def _what_is_taken(self, executor: Executor, values: Mapping[str, object]) -> str:
        for names in ((self.identity,), *unique_groups(self._table)):
            wanted = {f"{VALUE}{name}": values[f"{VALUE}{name}"] for name in names}
            if await executor.fetch(self._statements.taken(names), wanted):
                is_key = names == (self.identity,)
                return f"{names[0]} {values[f'{VALUE}{names[0]}']}" if is_key else ", ".join(names)
        return ""

    @asynccontextmanager
    async def _savepoint(self, executor: Executor, needed: bool = True) -> AsyncIterator[None]:
        """Keeps the transaction usable if a unique value is taken."""
        if not needed:
            yield
            return
        try:
            async with executor.savepoint():
                yield
        except Exception as error:
            names = None if isinstance(error, AppException) else violated(error, self._table)
            if names is None:
                raise
            raise self._taken(", ".join(names)) from None
