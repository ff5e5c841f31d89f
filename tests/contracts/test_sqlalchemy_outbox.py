"""SqlAlchemyOutbox obeys the contract of every outbox, on SQLite and PostgreSQL."""

import pytest

from fastapi_chassis.testing.contracts.outbox import (
    LateCommitContract,
    OutboxLeaseContract,
    OutboxSettlingContract,
    OutboxWritingContract,
)
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
    pass


@pytest.mark.requirement("MISTAKE-6")
class TestSettlingOnSqlite(OnSqlite, OutboxSettlingContract):
    pass


@pytest.mark.requirement("MISTAKE-6")
class TestSettlingOnPostgres(OnPostgres, OutboxSettlingContract):
    pass


class TestLateCommitsOnPostgres(OnPostgres, LateCommitContract):
    """SQLite has one writer at a time, so no message there is committed late."""
