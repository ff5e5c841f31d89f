"""Who is measured in `repository`: ours, SQLAlchemy Core by hand, Advanced Alchemy, and the bare driver."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from advanced_alchemy.filters import LimitOffset, OrderBy
from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from sqlalchemy import Row, Table, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker
from sqlalchemy.orm import registry

from fastapi_chassis.domain import BaseAggregate
from fastapi_chassis.plugins.sqlalchemy.connection import Database
from fastapi_chassis.plugins.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWork

BULK = 10_000
COLUMNS = ("id", "version", "title", "owner_id", "description", "is_active", "position", "created_at")


class Article(BaseAggregate):
    """What is stored."""

    title: str
    owner_id: UUID
    description: str = ""
    is_active: bool = True
    position: int = 0
    created_at: datetime


def article(position: int, owner: UUID) -> Article:
    return Article(title=f"title {position}", owner_id=owner, position=position, created_at=datetime.now(UTC))


@dataclass
class Questions:
    """What is asked for, the same by everybody.

    Args:
        key: of an article that is there.
        owner: of more than fifty articles.
    """

    key: UUID
    owner: UUID


class ByRepository:
    """AbstractRepository: queries outside of a transaction, a unit of work per command."""

    def __init__(self, database: Database, repository: Callable[..., Any], asked: Questions) -> None:
        self.database, self.repository, self.asked = database, repository, asked
        self.batch: list[Article] = []

    def prepare(self) -> None:
        self.batch = [article(position, self.asked.owner) for position in range(BULK)]

    async def get(self, operations: int) -> None:
        for _ in range(operations):
            found = await self.repository(SqlAlchemyUnitOfWork(self.database)).get(self.asked.key)
            assert found.id == self.asked.key

    async def list(self, operations: int) -> None:
        for _ in range(operations):
            articles = self.repository(SqlAlchemyUnitOfWork(self.database))
            order = ("-created_at", "-id")
            found = await articles.find(owner_id=self.asked.owner, is_active=True, order=order, limit=50)
            assert len(found) == 50

    async def add(self, operations: int) -> None:
        for position in range(operations):
            async with SqlAlchemyUnitOfWork(self.database) as unit_of_work:
                await self.repository(unit_of_work).add(article(position, uuid4()))
                await unit_of_work.commit()

    async def update(self, operations: int) -> None:
        for position in range(operations):
            async with SqlAlchemyUnitOfWork(self.database) as unit_of_work:
                articles = self.repository(unit_of_work)
                found = await articles.get(self.asked.key)
                found.position = position
                await articles.update(found)
                await unit_of_work.commit()

    async def add_many(self, operations: int) -> None:
        for _ in range(operations):
            async with SqlAlchemyUnitOfWork(self.database) as unit_of_work:
                await self.repository(unit_of_work).add_many(self.batch, is_return_require=False)
                await unit_of_work.commit()


class ByCore:
    """SQLAlchemy Core as a careful developer writes it: statements built once, reads in autocommit."""

    def __init__(self, engine: AsyncEngine, table: Table, asked: Questions) -> None:
        self.engine, self.asked = engine, asked
        self.reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        columns = table.c
        self.select_one = select(table).where(columns.id == bindparam("key"))
        self.select_list = (
            select(table)
            .where(columns.owner_id == bindparam("owner"), columns.is_active == bindparam("active"))
            .order_by(columns.created_at.desc(), columns.id.desc())
            .limit(50)
        )
        self.insert = insert(table)
        self.changed = (
            update(table)
            .where(columns.id == bindparam("key"), columns.version == bindparam("seen"))
            .values({name: bindparam(f"new_{name}") for name in columns.keys() if name != "id"})  # noqa: SIM118
        )
        self.batch: list[Article] = []

    def prepare(self) -> None:
        self.batch = [article(position, self.asked.owner) for position in range(BULK)]

    @staticmethod
    def entity(row: Row) -> Article:
        return Article(
            id=row.id,
            version=row.version,
            title=row.title,
            owner_id=row.owner_id,
            description=row.description,
            is_active=row.is_active,
            position=row.position,
            created_at=row.created_at,
        )

    @staticmethod
    def row(one: Article, version: int = 1) -> dict[str, object]:
        return {
            "id": one.id,
            "version": version,
            "title": one.title,
            "owner_id": one.owner_id,
            "description": one.description,
            "is_active": one.is_active,
            "position": one.position,
            "created_at": one.created_at,
        }

    async def get(self, operations: int) -> None:
        for _ in range(operations):
            async with self.reading.connect() as connection:
                found = (await connection.execute(self.select_one, {"key": self.asked.key})).one()
                assert self.entity(found).id == self.asked.key

    async def list(self, operations: int) -> None:
        parameters = {"owner": self.asked.owner, "active": True}
        for _ in range(operations):
            async with self.reading.connect() as connection:
                found = await connection.execute(self.select_list, parameters)
                assert len([self.entity(row) for row in found]) == 50

    async def add(self, operations: int) -> None:
        for position in range(operations):
            async with self.engine.begin() as connection:
                await connection.execute(self.insert, self.row(article(position, uuid4())))

    async def update(self, operations: int) -> None:
        for position in range(operations):
            async with self.engine.begin() as connection:
                row = (await connection.execute(self.select_one, {"key": self.asked.key})).one()
                found = self.entity(row)
                found.position = position
                new = {f"new_{name}": value for name, value in self.row(found, found.version + 1).items()}
                del new["new_id"]
                parameters = {**new, "key": found.id, "seen": found.version}
                assert (await connection.execute(self.changed, parameters)).rowcount == 1

    async def add_many(self, operations: int) -> None:
        for _ in range(operations):
            async with self.engine.begin() as connection:
                await connection.execute(self.insert, [self.row(one) for one in self.batch])


class Model:
    """The row as Advanced Alchemy's repository holds it."""


class ModelRepository(SQLAlchemyAsyncRepository[Any]):
    """Advanced Alchemy's repository."""

    model_type = Model


class ByAdvancedAlchemy:
    """Advanced Alchemy as its documentation shows it: a session per call, committed by the repository."""

    def __init__(self, engine: AsyncEngine, table: Table, asked: Questions) -> None:
        registry().map_imperatively(Model, table)
        self.session = async_sessionmaker(engine, expire_on_commit=False)
        self.asked = asked
        self.batch: list[Any] = []

    @staticmethod
    def model(one: Article) -> Any:
        made: Any = Model()
        for name, value in ByCore.row(one).items():
            setattr(made, name, value)
        return made

    def prepare(self) -> None:
        self.batch = [self.model(article(position, self.asked.owner)) for position in range(BULK)]

    async def get(self, operations: int) -> None:
        for _ in range(operations):
            async with self.session() as session:
                found = await ModelRepository(session=session).get(self.asked.key)
                assert found.id == self.asked.key

    async def list(self, operations: int) -> None:
        for _ in range(operations):
            async with self.session() as session:
                found = await ModelRepository(session=session).get_many(
                    OrderBy("created_at", "desc"),
                    OrderBy("id", "desc"),
                    LimitOffset(50, 0),
                    owner_id=self.asked.owner,
                    is_active=True,
                )
                assert len(found) == 50

    async def add(self, operations: int) -> None:
        for position in range(operations):
            async with self.session() as session:
                made = self.model(article(position, uuid4()))
                await ModelRepository(session=session).add(made, auto_commit=True)

    async def update(self, operations: int) -> None:
        for position in range(operations):
            async with self.session() as session:
                articles = ModelRepository(session=session)
                found = await articles.get(self.asked.key)
                found.position = position
                found.version += 1
                await articles.update(found, auto_commit=True)

    async def add_many(self, operations: int) -> None:
        for _ in range(operations):
            async with self.session() as session:
                await ModelRepository(session=session).add_many(self.batch, auto_commit=True)


class PlainConnection(asyncpg.Connection):
    """A connection that its pool takes back as it is."""

    def get_reset_query(self) -> str:
        return ""


class ByDriver:
    """The pool of asyncpg without anything around it: records, no entities, COPY by hand."""

    def __init__(self, pool: asyncpg.Pool, table: Table, asked: Questions) -> None:
        self.pool, self.asked = pool, asked
        self.batch: list[Article] = []
        columns = ", ".join(f'"{name}"' for name in table.c.keys())  # noqa: SIM118 - a ColumnCollection
        self.select_one = f'SELECT {columns} FROM "{table.name}" WHERE id = $1'
        self.select_list = (
            f'SELECT {columns} FROM "{table.name}" WHERE owner_id = $1 AND is_active = $2 '
            "ORDER BY created_at DESC, id DESC LIMIT 50"
        )

    async def get(self, operations: int) -> None:
        for _ in range(operations):
            found = await self.pool.fetchrow(self.select_one, self.asked.key)
            assert found["id"] == self.asked.key

    async def list(self, operations: int) -> None:
        for _ in range(operations):
            assert len(await self.pool.fetch(self.select_list, self.asked.owner, True)) == 50  # noqa: FBT003 - a parameter

    def prepare(self) -> None:
        self.batch = [article(position, self.asked.owner) for position in range(BULK)]

    async def add_many(self, operations: int) -> None:
        for _ in range(operations):
            records = [tuple(ByCore.row(one).values()) for one in self.batch]
            async with self.pool.acquire() as connection, connection.transaction():
                await connection.copy_records_to_table("article", records=records, columns=COLUMNS)
