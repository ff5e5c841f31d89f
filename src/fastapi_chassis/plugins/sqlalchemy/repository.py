"""SqlAlchemyRepository: the primitives of every repository, on SQLAlchemy Core."""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from typing import ClassVar, override

from sqlalchemy import Table
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from fastapi_chassis.application import AbstractRepository, Selection
from fastapi_chassis.domain import Criterion
from fastapi_chassis.plugins.sqlalchemy.errors import violated
from fastapi_chassis.plugins.sqlalchemy.rows import VALUE
from fastapi_chassis.plugins.sqlalchemy.tables import unique_groups
from fastapi_chassis.plugins.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWork

CHUNK = 1_000  # keys in one statement
VALUE_OF_VERSION = f"{VALUE}version"


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
        get = self._statements.get
        rows = await self._session.read(lambda connection: connection.execute(get, {"key": key}).fetchall())
        return self._rows.entities(rows)[0] if rows else None

    @override
    async def _select(self, selection: Selection) -> list[Entity]:
        statement, parameters = self._statements.select(selection)
        rows = await self._session.read(
            lambda connection: connection.execute(statement, parameters).fetchall()
        )
        return self._rows.entities(rows)

    @override
    async def _stream(self, selection: Selection) -> AsyncGenerator[Entity, None]:
        async with aclosing(self._session.stream(*self._statements.select(selection))) as bunches:
            async for rows in bunches:
                for entity in self._rows.entities(rows):
                    yield entity

    @override
    async def _count(self, criteria: Sequence[Criterion]) -> int:
        statement, parameters = self._statements.count(criteria)
        return int(
            await self._session.read(
                lambda connection: connection.execute(statement, parameters).scalar_one()
            )
        )

    @override
    async def _exists(self, criteria: Sequence[Criterion]) -> bool:
        statement, parameters = self._statements.exists(criteria)
        return (
            await self._session.read(lambda connection: connection.execute(statement, parameters).first())
            is not None
        )

    @override
    async def _insert(self, entities: Sequence[Entity]) -> None:
        await self._session.write(lambda connection: self._insert_on(connection, entities))

    @override
    async def _update(self, entities: Sequence[Entity]) -> None:
        await self._session.write(lambda connection: self._update_on(connection, entities))

    @override
    async def _upsert(self, entities: Sequence[Entity]) -> Sequence[int]:
        def work(connection: Connection) -> list[int]:
            with self._savepoint(connection, self._has_unique):
                return [self._upsert_on(connection, entity) for entity in entities]

        return await self._session.write(work)

    @override
    async def _remove(self, entity: Entity) -> None:
        def work(connection: Connection) -> None:
            parameters = {"key": self._key(entity), "seen": getattr(entity, "version", 0)}
            if not connection.execute(self._statements.remove, parameters).rowcount:
                raise self._lost(entity, self._stored_version(connection, self._key(entity)))

        await self._session.write(work)

    @override
    async def _delete(self, criteria: Sequence[Criterion]) -> int:
        statement, parameters = self._statements.delete(criteria)
        return await self._session.write(
            lambda connection: connection.execute(statement, parameters).rowcount
        )

    def _insert_on(self, connection: Connection, entities: Sequence[Entity]) -> None:
        if len(entities) > 1:
            with self._savepoint(connection, needed=True):
                self._statements.bulk_insert.execute(connection, self._new_rows(entities))
            return
        values = self._rows.parameters(entities[0]) | self._first_version
        if not connection.execute(self._statements.insert_if_free, values).rowcount:
            raise self._taken(self._what_is_taken(connection, values))

    def _new_rows(self, entities: Sequence[Entity]) -> list[tuple[object, ...]]:
        rows = [self._rows.read(entity) for entity in entities]
        if not self._has_version:
            return rows
        place = self._rows.names.index("version")
        return [(*row[:place], 1, *row[place + 1 :]) for row in rows]

    def _update_on(self, connection: Connection, entities: Sequence[Entity]) -> None:
        values = [self._changed(entity) for entity in entities]
        with self._savepoint(connection, self._has_unique):
            if len(values) > 1:
                self._hold(connection, entities)
                connection.execute(self._statements.update, values)
            elif not connection.execute(self._statements.update, values[0]).rowcount:
                raise self._lost(entities[0], self._stored_version(connection, self._key(entities[0])))

    def _changed(self, entity: Entity) -> dict[str, object]:
        values = self._rows.parameters(entity)
        if self._has_version:
            values["seen"] = values[VALUE_OF_VERSION]
            values[VALUE_OF_VERSION] = getattr(entity, "version") + 1  # noqa: B009 - only some entities have one
        return values

    def _upsert_on(self, connection: Connection, entity: Entity) -> int:
        result = connection.execute(
            self._statements.upsert, self._rows.parameters(entity) | self._first_version
        )
        return int(result.scalar_one()) if self._has_version else 1

    def _hold(self, connection: Connection, entities: Sequence[Entity]) -> None:
        """Locks many rows and compares their versions: many updates at once can't tell whom they met."""
        found: dict[object, int] = {}
        for start in range(0, len(entities), CHUNK):
            keys = [self._key(entity) for entity in entities[start : start + CHUNK]]
            found |= {row[0]: row[1] for row in connection.execute(self._statements.hold, {"keys": keys})}
        for entity in entities:
            current = found.get(self._key(entity))
            if current is None or (self._has_version and current != getattr(entity, "version", 0)):
                raise self._lost(entity, current)
            found[self._key(entity)] = current + 1

    def _stored_version(self, connection: Connection, key: Key) -> int | None:
        return connection.execute(self._statements.version, {"key": key}).scalar()

    def _what_is_taken(self, connection: Connection, values: Mapping[str, object]) -> str:
        for names in ((self.identity,), *unique_groups(self._table)):
            if connection.execute(self._statements.taken(names), dict(values)).first():
                return (
                    f"{names[0]} {values[f'{VALUE}{names[0]}']}"
                    if names == (self.identity,)
                    else ", ".join(names)
                )
        return ""

    @contextmanager
    def _savepoint(self, connection: Connection, needed: bool) -> Iterator[None]:
        """Keeps the transaction usable if a unique value is taken."""
        if not needed:
            yield
            return
        try:
            with connection.begin_nested():
                yield
        except IntegrityError as error:
            names = violated(error, self._table)
            if names is None:
                raise
            raise self._taken(", ".join(names)) from None
