"""SqlAlchemyOutbox obeys the contract of every outbox, on SQLite and PostgreSQL."""

import pytest

from fastapi_chassis.plugins.sqlalchemy.partitions import SqlAlchemyLeases
from fastapi_chassis.testing.contracts.outbox import (
    LateCommitContract,
    OutboxSettlingContract,
    OutboxWritingContract,
)
from fastapi_chassis.testing.contracts.outbox_lease import OutboxLeaseContract
from tests.contracts.sqlalchemy_store import OnPostgres, OnSqlite


@pytest.mark.requirement("MSG-2", "MISTAKE-6")
class TestWritingOnSqlite(OnSqlite, OutboxWritingContract):
    pass


@pytest.mark.requirement("MSG-2", "MISTAKE-6")
class TestWritingOnPostgres(OnPostgres, OutboxWritingContract):
    pass


@pytest.mark.requirement("MISTAKE-6")
class TestLeaseOnSqlite(OnSqlite, OutboxLeaseContract):
    pass


@pytest.mark.requirement("MISTAKE-6")
class TestLeaseOnPostgres(OnPostgres, OutboxLeaseContract):
    async def test_the_leases_are_those_of_the_store(self, store):
        assert isinstance(store.outbox().leases, SqlAlchemyLeases)


@pytest.mark.requirement("MISTAKE-6")
class TestSettlingOnSqlite(OnSqlite, OutboxSettlingContract):
    pass


@pytest.mark.requirement("MISTAKE-6")
class TestSettlingOnPostgres(OnPostgres, OutboxSettlingContract):
    pass


class TestLateCommitsOnPostgres(OnPostgres, LateCommitContract):
    """SQLite has one writer at a time, so no message there is committed late."""
