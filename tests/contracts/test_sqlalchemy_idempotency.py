"""SqlAlchemyIdempotencyStore obeys the contract of every store of answers, on SQLite and PostgreSQL."""

import pytest

from fastapi_chassis.testing.contracts.idempotency import IdempotencyContract
from tests.contracts.sqlalchemy_store import OnPostgres, OnSqlite


@pytest.mark.requirement("DOM-7")
class TestIdempotencyOnSqlite(OnSqlite, IdempotencyContract):
    pass


@pytest.mark.requirement("DOM-7")
class TestIdempotencyOnPostgres(OnPostgres, IdempotencyContract):
    pass
