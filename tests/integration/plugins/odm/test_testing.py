"""The stores that tests are lent."""

import pymongo
import pytest

from fastapi_chassis.plugins.odm.indexes import ODMIndexes
from fastapi_chassis.plugins.odm.testing import fresh_store
from tests.integration.plugins.odm.orders import Order, OrderRepository

pytestmark = pytest.mark.backends("ferretdb")


@pytest.mark.requirement("TST-2")
async def test_a_fresh_store_has_its_indexes_and_leaves_nothing(ferretdb_url: str) -> None:
    async with fresh_store(ferretdb_url, "fresh_store_of_a_test", OrderRepository) as store:
        assert await ODMIndexes(store.documents).pending() == []
        async with store.unit_of_work() as work:
            await store.repository(OrderRepository)(work).add(Order(number=1))
            await work.commit()
    with pymongo.MongoClient(ferretdb_url) as client:
        assert "fresh_store_of_a_test" not in client.list_database_names()
