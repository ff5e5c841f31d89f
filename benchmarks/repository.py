"""The repository on PostgreSQL, beside SQLAlchemy Core written by hand for the same work."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import Row, Table, bindparam, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from benchmarks.harness import Budget, Work, measure, print_measured
from fastapi_chassis.application import AbstractRepository, bind_repository
from fastapi_chassis.domain import BaseAggregate
from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyConfig
from fastapi_chassis.plugins.sqlalchemy.connection import Database, open_sqlalchemy
from fastapi_chassis.plugins.sqlalchemy.repository import SqlAlchemyRepository
from fastapi_chassis.plugins.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWork
from fastapi_chassis.testing.backends import fresh_database, open_backend

BULK = 10_000


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


class ByHand:
    """SQLAlchemy Core as a careful developer writes it: statements built once, reads in autocommit."""

    def __init__(self, engine: AsyncEngine, table: Table, key: UUID, owner: UUID) -> None:
        self.engine, self.key, self.owner = engine, key, owner
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
    def row(one: Article) -> dict[str, object]:
        return {
            "id": one.id,
            "version": 1,
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
                found = (await connection.execute(self.select_one, {"key": self.key})).one()
                assert self.entity(found).id == self.key

    async def list(self, operations: int) -> None:
        for _ in range(operations):
            async with self.reading.connect() as connection:
                found = await connection.execute(self.select_list, {"owner": self.owner, "active": True})
                assert len([self.entity(row) for row in found]) == 50

    async def add(self, operations: int) -> None:
        for position in range(operations):
            async with self.engine.begin() as connection:
                await connection.execute(self.insert, self.row(article(position, uuid4())))

    async def add_many(self, operations: int) -> None:
        for _ in range(operations):
            rows = [self.row(article(position, self.owner)) for position in range(BULK)]
            async with self.engine.begin() as connection:
                await connection.execute(self.insert, rows)


class ByRepository:
    """The same work through AbstractRepository; one unit of work per operation."""

    def __init__(self, database: Database, repository: type, key: UUID, owner: UUID) -> None:
        self.database, self.repository, self.key, self.owner = database, repository, key, owner

    async def get(self, operations: int) -> None:
        for _ in range(operations):
            found = await self.repository(SqlAlchemyUnitOfWork(self.database)).get(self.key)
            assert found.id == self.key

    async def list(self, operations: int) -> None:
        for _ in range(operations):
            articles = self.repository(SqlAlchemyUnitOfWork(self.database))
            order = ("-created_at", "-id")
            found = await articles.find(owner_id=self.owner, is_active=True, order=order, limit=50)
            assert len(found) == 50

    async def add(self, operations: int) -> None:
        for position in range(operations):
            async with SqlAlchemyUnitOfWork(self.database) as unit_of_work:
                await self.repository(unit_of_work).add(article(position, uuid4()))
                await unit_of_work.commit()

    async def add_many(self, operations: int) -> None:
        for _ in range(operations):
            entities = [article(position, self.owner) for position in range(BULK)]
            async with SqlAlchemyUnitOfWork(self.database) as unit_of_work:
                await self.repository(unit_of_work).add_many(entities, is_return_require=False)
                await unit_of_work.commit()


async def run(*, smoke: bool) -> list[Budget]:
    """Measures, prints, and returns what is bounded."""
    async with open_backend("postgresql") as server, fresh_database(server.url) as url:
        return await _measured(url, rounds=5 if smoke else 15)


async def _measured(url: str, rounds: int) -> list[Budget]:
    config = SqlAlchemyConfig.model_validate({"url": url, "command_timeout": 60, "statement_timeout": 50})
    database = Database(config)
    repository = bind_repository(AbstractRepository[Article, UUID], SqlAlchemyRepository)
    table = database.schema.stored(repository).table
    engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"), pool_size=10)
    owner = uuid4()
    async with open_sqlalchemy(database):
        async with engine.begin() as connection:
            await connection.run_sync(table.create)
        articles = [article(position, owner if position % 20 == 0 else uuid4()) for position in range(1_000)]
        async with SqlAlchemyUnitOfWork(database) as unit_of_work:
            await repository(unit_of_work).add_many(articles)
            await unit_of_work.commit()
        hand = ByHand(engine, table, articles[5].id, owner)
        ours = ByRepository(database, repository, articles[5].id, owner)
        budgets = []
        for name, operations in (("get", 200), ("list", 100), ("add", 100)):
            budgets.append(await _pair(name, getattr(hand, name), getattr(ours, name), operations, rounds))
        async with engine.begin() as connection:
            await connection.execute(text(f'truncate "{table.name}"'))
        budgets.append(
            await _pair(f"add_many({BULK:,})", hand.add_many, ours.add_many, 1, max(5, rounds // 2))
        )
    await engine.dispose()
    return budgets


async def _pair(name: str, hand: Work, ours: Work, operations: int, rounds: int) -> Budget:
    base = "Core by hand"
    measured = await measure(
        {base: hand, "repository": ours}, operations=operations, rounds=rounds, base=base
    )
    print_measured(f"PostgreSQL, {name}", measured, base)
    return Budget(f"repository {name}, times Core by hand", measured["repository"].ratio, 1.3)
