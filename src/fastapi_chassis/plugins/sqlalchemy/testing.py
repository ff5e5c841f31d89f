"""Stores for tests: on a database of their own, migrated, with every table there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi_chassis.plugins.sqlalchemy.config import SqlAlchemyConfig
from fastapi_chassis.plugins.sqlalchemy.connection import Database, open_sqlalchemy
from fastapi_chassis.plugins.sqlalchemy.migrations.steps import SqlAlchemyMigrations
from fastapi_chassis.plugins.sqlalchemy.store import SqlAlchemyStore


@asynccontextmanager
async def open_store(config: SqlAlchemyConfig, *repositories: type) -> AsyncIterator[SqlAlchemyStore]:
    """Opens a store whose tables are there, those of the given repositories included."""
    store = SqlAlchemyStore(Database(config))
    for repository in repositories:
        store.repository(repository)
    migrations = SqlAlchemyMigrations(config, store.database.schema)
    if await migrations.pending():
        await migrations.migrate()
    async with open_sqlalchemy(store.database):
        yield store


@asynccontextmanager
async def sqlite_store(folder: Path, *repositories: type) -> AsyncIterator[SqlAlchemyStore]:
    """Opens a store on a SQLite file in a folder, such as pytest's `tmp_path`."""
    config = SqlAlchemyConfig.model_validate({"url": f"sqlite:///{folder}/test.db"})
    async with open_store(config, *repositories) as store:
        yield store
