"""SqlAlchemySchedule obeys the contract of every schedule store, on SQLite and PostgreSQL."""

import pytest

from fastapi_chassis.testing.contracts.schedule import ScheduleContract
from tests.contracts.sqlalchemy_store import OnPostgres, OnSqlite


@pytest.mark.requirement("MSG-8")
class TestScheduleOnSqlite(OnSqlite, ScheduleContract):
    pass


@pytest.mark.requirement("MSG-8")
class TestScheduleOnPostgres(OnPostgres, ScheduleContract):
    pass
