"""SqlAlchemyUnitOfWork obeys the contract of every unit of work, on SQLite and PostgreSQL."""

import pytest

from fastapi_chassis.testing.contracts.unit_of_work import UnitOfWorkContract
from fastapi_chassis.testing.contracts.unit_of_work_events import UnitOfWorkEventsContract
from tests.contracts.sqlalchemy_store import OnPostgres, OnSqlite


@pytest.mark.requirement("DOM-5")
class TestUnitOfWorkOnSqlite(OnSqlite, UnitOfWorkContract):
    pass


@pytest.mark.requirement("DOM-5")
class TestUnitOfWorkOnPostgres(OnPostgres, UnitOfWorkContract):
    pass


@pytest.mark.requirement("DOM-5")
class TestUnitOfWorkEventsOnSqlite(OnSqlite, UnitOfWorkEventsContract):
    pass


@pytest.mark.requirement("DOM-5")
class TestUnitOfWorkEventsOnPostgres(OnPostgres, UnitOfWorkEventsContract):
    pass
