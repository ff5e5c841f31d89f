"""The repository on PostgreSQL, beside Core by hand, Advanced Alchemy and the bare driver in the same run."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from benchmarks.harness import Budget, Measured, measure, print_measured
from benchmarks.repository_contestants import (
    BULK,
    Article,
    ByAdvancedAlchemy,
    ByCore,
    ByDriver,
    ByRepository,
    PlainConnection,
    Questions,
    article,
)
from fastapi_chassis.application import AbstractRepository, bind_repository
from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyConfig
from fastapi_chassis.plugins.sqlalchemy.connection import Database, open_sqlalchemy
from fastapi_chassis.plugins.sqlalchemy.repository import SqlAlchemyRepository
from fastapi_chassis.plugins.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWork
from fastapi_chassis.testing.backends import fresh_database, open_backend

OURS, CORE, PEER = "repository", "Core by hand", "Advanced Alchemy"
POOL, PLAIN_POOL = "asyncpg pool", "asyncpg pool, no reset query"
STEPS = {"get": 200, "list": 100, "add": 100, "update": 100}
QUICKER = {"get": 4, "list": 2, "add_many": 5}  # times as fast as Advanced Alchemy, at least


async def run(*, smoke: bool) -> list[Budget]:
    """Measures, prints, and returns what is bounded."""
    async with open_backend("postgresql") as server, fresh_database(server.url) as url:
        return await _measured(url, rounds=5 if smoke else 15)


async def _measured(url: str, rounds: int) -> list[Budget]:
    budgets = []
    async with _contestants(url) as (contestants, engine):
        for step, operations in STEPS.items():
            works = {name: getattr(one, step) for name, one in contestants.items() if hasattr(one, step)}
            measured = await measure(works, operations=operations, rounds=rounds, base=CORE)
            print_measured(f"PostgreSQL, {step}", measured, CORE)
            budgets += _budgets(step, measured)
        async with engine.begin() as connection:
            await connection.execute(text("TRUNCATE article"))
        bulk = {name: one for name, one in contestants.items() if hasattr(one, "add_many")}
        works = {name: one.add_many for name, one in bulk.items()}
        prepare = {name: one.prepare for name, one in bulk.items()}
        measured = await measure(works, operations=1, rounds=max(5, rounds // 2), base=CORE, prepare=prepare)
        print_measured(f"PostgreSQL, add_many({BULK:,})", measured, CORE)
        budgets += _budgets("add_many", measured)
    return budgets


@asynccontextmanager
async def _contestants(url: str) -> AsyncIterator[tuple[Mapping[str, Any], AsyncEngine]]:
    config = SqlAlchemyConfig.model_validate({"url": url, "command_timeout": 60, "statement_timeout": 50})
    database = Database(config)
    repository = bind_repository(AbstractRepository[Article, UUID], SqlAlchemyRepository)
    table = database.schema.stored(repository).table
    engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"), pool_size=10)
    async with (
        open_sqlalchemy(database),
        asyncpg.create_pool(url, min_size=2) as pool,
        asyncpg.create_pool(url, min_size=2, connection_class=PlainConnection) as plain,
    ):
        async with engine.begin() as connection:
            await connection.run_sync(table.create)
        owner = uuid4()
        articles = [article(position, owner if position % 20 == 0 else uuid4()) for position in range(1_000)]
        async with SqlAlchemyUnitOfWork(database) as unit_of_work:
            await repository(unit_of_work).add_many(articles)
            await unit_of_work.commit()
        asked = Questions(articles[5].id, owner)
        contestants = {
            CORE: ByCore(engine, table, asked),
            OURS: ByRepository(database, repository, asked),
            PEER: ByAdvancedAlchemy(engine, table, asked),
            POOL: ByDriver(pool, table, asked),
            PLAIN_POOL: ByDriver(plain, table, asked),
        }
        yield contestants, engine
    await engine.dispose()


def _budgets(step: str, measured: Mapping[str, Measured]) -> list[Budget]:
    budgets = [Budget(f"repository {step}, times {CORE}", measured[OURS].ratio, 1.3)]
    if step in QUICKER:
        bound, figure = QUICKER[step], _speed(measured, PEER)
        budgets.append(Budget(f"repository {step}, times as fast as {PEER}", figure, bound, at_least=True))
    if step == "get":
        # against the quicker of the two pools: the other one spends a round trip on its reset query
        figure = _speed(measured, PLAIN_POOL)
        budgets.append(
            Budget(f"repository {step}, times as fast as {PLAIN_POOL}", figure, 0.8, at_least=True)
        )
    return budgets


def _speed(measured: Mapping[str, Measured], peer: str) -> float:
    """Returns how many times as fast as a peer the repository was, round by round."""
    rounds = zip(measured[peer].seconds, measured[OURS].seconds, strict=True)
    return median(theirs / ours for theirs, ours in rounds)
