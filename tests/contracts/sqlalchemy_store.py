"""SQL databases, as the contract suites want a store: one database for a run, empty when a test begins."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import text

from fastapi_chassis.application import AbstractUnitOfWork, EventDispatch, EventSink
from fastapi_chassis.messaging import InboxStore, OutboxStore
from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyConfig, SqlAlchemyStore, SqlAlchemyUnitOfWork
from fastapi_chassis.plugins.sqlalchemy.testing import open_store
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from fastapi_chassis.testing.backends.postgresql import fresh_database
from fastapi_chassis.testing.contracts.samples import REPOSITORIES


class SqlHarness:
    has_transactions = True

    def __init__(self, store: SqlAlchemyStore) -> None:
        self.store = store

    def unit_of_work(
        self, *, sink: EventSink | None = None, dispatch: EventDispatch | None = None
    ) -> SqlAlchemyUnitOfWork:
        return self.store.unit_of_work(sink=sink, dispatch=dispatch)

    def repository[R](self, repository: Callable[..., R], unit_of_work: AbstractUnitOfWork) -> R:
        return cast("R", self.store.repository(cast("type", repository))(unit_of_work))

    def outbox(self) -> OutboxStore:
        return self.store.outbox()

    def inbox(self) -> InboxStore:
        return self.store.inbox()


@asynccontextmanager
async def harness_at(url: str) -> AsyncIterator[SqlHarness]:
    """Opens a store with the shipped migrations; a test that leaves a connection behind fails."""
    config = SqlAlchemyConfig.model_validate({"url": url})
    async with open_store(config, *REPOSITORIES) as store:
        yield SqlHarness(store)
        assert "Checked out connections: 0" in store.database.engine.pool.status(), "one was not given back"


async def prepare(url: str) -> None:
    async with harness_at(url):
        pass


EMPTIED = ("outbox", "partitions", "relays", "inbox", "idempotency", "audit", "schedules")


class OnSqlite:
    """Mixed into a suite, supplies its `store`."""

    contract_store = "SQLite"

    @pytest.fixture(scope="class")
    @classmethod
    def migrated(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        file = tmp_path_factory.mktemp("migrated") / "contract.db"
        asyncio.run(prepare(f"sqlite:///{file}"))
        return file

    @pytest.fixture
    async def store(self, migrated: Path, tmp_path: Path) -> AsyncIterator[SqlHarness]:
        shutil.copy(migrated, tmp_path)
        async with harness_at(f"sqlite:///{tmp_path / migrated.name}") as harness:
            yield harness


@pytest.mark.backends("postgresql")
class OnPostgres:
    """Mixed into a suite, supplies its `store`."""

    contract_store = "PostgreSQL"

    @pytest.fixture(scope="class")
    @classmethod
    def database_url(cls, backend: OpenBackend) -> Iterator[str]:
        opening = fresh_database(backend("postgresql").url)
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            url = runner.run(opening.__aenter__())
            runner.run(prepare(url))
            yield url
            runner.run(opening.__aexit__(None, None, None))

    @pytest.fixture
    async def store(self, database_url: str) -> AsyncIterator[SqlHarness]:
        async with harness_at(database_url) as harness:
            async with harness.store.database.engine.begin() as connection:
                own = [f"chassis_{name}" for name in EMPTIED]
                await connection.execute(text(f"TRUNCATE sample, word, card, {', '.join(own)}"))
            yield harness
