"""SqlAlchemyDeadLetters obeys the contract of every store of dead letters, on SQLite and PostgreSQL."""

import pytest
from sqlalchemy import text

from fastapi_chassis.messaging import DeadLetterStore
from fastapi_chassis.testing.contracts.dead_letters import DeadLettersContract
from tests.contracts.sqlalchemy_store import OnPostgres, OnSqlite, SqlHarness


@pytest.mark.requirement("MSG-7")
class TestDeadLettersOnSqlite(OnSqlite, DeadLettersContract):
    @pytest.fixture
    def dead_letters(self, store: SqlHarness) -> DeadLetterStore:
        return store.store.dead_letters()


@pytest.mark.requirement("MSG-7")
class TestDeadLettersOnPostgres(OnPostgres, DeadLettersContract):
    @pytest.fixture
    async def dead_letters(self, store: SqlHarness) -> DeadLetterStore:
        async with store.store.database.engine.begin() as connection:
            await connection.execute(text("TRUNCATE chassis_dead_letters"))
        return store.store.dead_letters()
