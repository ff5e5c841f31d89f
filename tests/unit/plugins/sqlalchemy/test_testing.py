import pytest
from sqlalchemy import inspect

from fastapi_chassis.plugins.sqlalchemy.testing import sqlite_store
from fastapi_chassis.testing.contracts.samples import WordRepository


@pytest.mark.requirement("TST-1")
async def test_a_store_for_a_test_has_every_table(tmp_path):
    async with sqlite_store(tmp_path, WordRepository) as store:
        names = await store.database.read(lambda connection: inspect(connection).get_table_names())
    assert {"word", "chassis_outbox", "chassis_inbox", "chassis_idempotency"} <= set(names)
    async with sqlite_store(tmp_path, WordRepository) as again:
        assert await again.repository(WordRepository)(again.unit_of_work()).count() == 0
