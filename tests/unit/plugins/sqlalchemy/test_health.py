import pytest

from fastapi_chassis.plugins.sqlalchemy import Database, SqlAlchemyConfig
from fastapi_chassis.plugins.sqlalchemy.health import ping
from fastapi_chassis.plugins.sqlalchemy.testing import sqlite_store
from fastapi_chassis.status import HealthStatusEnum
from fastapi_chassis.testing.backends.ports import free_port


@pytest.mark.requirement("STA-1")
async def test_a_database_that_answers_is_healthy(tmp_path):
    async with sqlite_store(tmp_path) as store:
        found = await ping(store.database)
    assert found.status is HealthStatusEnum.HEALTHY
    assert "test.db" in found.detail


@pytest.mark.requirement("STA-1", "MISTAKE-12")
async def test_a_database_that_is_away_is_unhealthy_and_its_password_unsaid():
    url = f"postgresql://shop:very-secret@127.0.0.1:{free_port()}/shop"
    found = await ping(Database(SqlAlchemyConfig.model_validate({"url": url})))
    assert found.status is HealthStatusEnum.UNHEALTHY
    assert "the database is away" in found.detail
    assert "very-secret" not in found.detail
