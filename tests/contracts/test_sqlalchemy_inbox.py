"""SqlAlchemyInbox obeys the contract of every inbox, on SQLite and PostgreSQL."""

import pytest

from fastapi_chassis.testing.contracts.inbox import InboxContract
from tests.contracts.sqlalchemy_store import OnPostgres, OnSqlite


@pytest.mark.requirement("MSG-5", "MISTAKE-5", "MISTAKE-6")
class TestInboxOnSqlite(OnSqlite, InboxContract):
    pass


@pytest.mark.requirement("MSG-5", "MISTAKE-5", "MISTAKE-6")
class TestInboxOnPostgres(OnPostgres, InboxContract):
    pass
