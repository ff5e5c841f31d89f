"""Stores for tests: on a database of their own that is dropped at the end, with every index there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi_chassis.plugins.odm.config import ODMConfig
from fastapi_chassis.plugins.odm.connection import DocumentDatabase, open_odm
from fastapi_chassis.plugins.odm.indexes import ODMIndexes
from fastapi_chassis.plugins.odm.store import ODMStore


@asynccontextmanager
async def open_store(config: ODMConfig, *repositories: type) -> AsyncIterator[ODMStore]:
    """Opens a store whose indexes are there, those of the given repositories included."""
    store = ODMStore(DocumentDatabase(config))
    for repository in repositories:
        store.repository(repository)
    async with open_odm(store.documents):
        await ODMIndexes(store.documents).migrate()
        yield store


@asynccontextmanager
async def fresh_store(url: str, database: str, *repositories: type) -> AsyncIterator[ODMStore]:
    """Opens a store on a database of its own, which is dropped at the end."""
    config = ODMConfig.model_validate({"url": url, "database": database})
    async with open_store(config, *repositories) as store:
        try:
            yield store
        finally:
            await store.documents.client.drop_database(database)
