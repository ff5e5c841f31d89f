"""The MongoDB-compatible server through pymongo's async client."""

import asyncio
import uuid

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import DuplicateKeyError

pytestmark = pytest.mark.backends("ferretdb")


@pytest.fixture
async def collection(ferretdb_url):
    async with AsyncMongoClient(ferretdb_url, serverSelectionTimeoutMS=10_000) as client:
        name = f"smoke_{uuid.uuid4().hex}"
        yield client[name]["books"]
        await client.drop_database(name)


@pytest.mark.requirement("TST-3")
async def test_a_document_comes_back_through_the_real_client(collection):
    await collection.insert_one({"_id": 1, "title": "Dune", "tags": ["a", "b"]})
    assert await collection.find_one({"tags": "b"}) == {"_id": 1, "title": "Dune", "tags": ["a", "b"]}


async def test_increments_of_many_clients_are_not_lost(collection):
    await collection.insert_one({"_id": 1, "count": 0})
    await asyncio.gather(*(collection.update_one({"_id": 1}, {"$inc": {"count": 1}}) for _ in range(50)))
    assert (await collection.find_one({"_id": 1}))["count"] == 50


async def test_a_unique_index_is_kept(collection):
    await collection.create_index("title", unique=True)
    await collection.insert_one({"title": "Dune"})
    with pytest.raises(DuplicateKeyError):
        await collection.insert_one({"title": "Dune"})
