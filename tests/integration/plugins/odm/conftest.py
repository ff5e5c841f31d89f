from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from uuid import uuid4

import pymongo
import pytest

from fastapi_chassis.plugins.odm import ODMConfig, ODMStore
from fastapi_chassis.plugins.odm.testing import open_store
from tests.integration.plugins.odm.orders import OrderRepository

# Beanie is there for a Python before 3.14; what is said elsewhere is tested in tests/unit
collect_ignore = [] if find_spec("beanie") else ["test_documents.py"]


@pytest.fixture
def config(ferretdb_url: str) -> Iterator[ODMConfig]:
    """A database of this test alone, on the shared server."""
    name = f"test_{uuid4().hex[:12]}"
    yield ODMConfig.model_validate({"url": ferretdb_url, "database": name})
    with pymongo.MongoClient(ferretdb_url) as client:
        client.drop_database(name)


@pytest.fixture
async def store(config: ODMConfig) -> AsyncIterator[ODMStore]:
    """Orders, with their indexes, on that database."""
    async with open_store(config, OrderRepository) as store:
        yield store
