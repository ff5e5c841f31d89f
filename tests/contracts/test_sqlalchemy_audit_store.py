"""SqlAlchemyAuditStore obeys the contract of every audit store, and the database refuses changes."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from fastapi_chassis.testing.contracts.audit_store import AuditStoreContract, append, event, found
from tests.contracts.sqlalchemy_store import OnPostgres, OnSqlite, SqlHarness


class RecordsAreKept:
    @pytest.mark.parametrize(
        "change", ["UPDATE chassis_audit SET actor = 'eve'", "DELETE FROM chassis_audit"]
    )
    async def test_a_record_is_neither_changed_nor_removed(self, store: SqlHarness, change: str) -> None:
        await append(store, event("kept"))
        with pytest.raises(DBAPIError, match="records are only added"):
            async with store.store.database.engine.begin() as connection:
                await connection.execute(text(change))
        (record,) = await found(store)
        assert (record.event.actor, record.event.action) == ("ann", "kept")


@pytest.mark.requirement("SEC-7", "REP-6")
class TestAuditOnSqlite(OnSqlite, AuditStoreContract, RecordsAreKept):
    pass


@pytest.mark.requirement("SEC-7", "REP-6")
class TestAuditOnPostgres(OnPostgres, AuditStoreContract, RecordsAreKept):
    pass
