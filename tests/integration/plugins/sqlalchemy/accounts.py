"""What the tests of this folder store, and the databases that they store it in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from fastapi_chassis.application import AbstractRepository
from fastapi_chassis.domain import BaseAggregate
from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyConfig, SqlAlchemyRepository, SqlAlchemyStore
from fastapi_chassis.plugins.sqlalchemy.migrations.lines import LIBRARY
from fastapi_chassis.plugins.sqlalchemy.testing import open_store

LIBRARY_VERSIONS = sorted(path.name[:4] for path in LIBRARY.folder.glob("0*.py"))


class Account(BaseAggregate):
    email: str
    balance: int = 0


class AccountRepository(AbstractRepository[Account, UUID]):
    unique = (("email",),)


def config_for(url: str, **changes: object) -> SqlAlchemyConfig:
    return SqlAlchemyConfig.model_validate({"url": url, **changes})


@asynccontextmanager
async def accounts_at(url: str, **changes: object) -> AsyncIterator[SqlAlchemyStore]:
    async with open_store(config_for(url, **changes), AccountRepository) as store:
        yield store


def repository(store: SqlAlchemyStore, work) -> SqlAlchemyRepository[Account, UUID]:
    return store.repository(AccountRepository)(work)


def checked_out(store: SqlAlchemyStore) -> int:
    return store.database.engine.pool.checkedout()


async def add(store: SqlAlchemyStore, *accounts: Account) -> None:
    async with store.unit_of_work() as work:
        await repository(store, work).add_many(accounts)
        await work.commit()


async def count(store: SqlAlchemyStore) -> int:
    return await repository(store, store.unit_of_work()).count()
