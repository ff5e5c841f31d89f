"""RedisUnitOfWork obeys the contract of every unit of work."""

import pytest

from fastapi_chassis.testing.contracts import UnitOfWorkContract, UnitOfWorkEventsContract
from tests.contracts.redis_store import OnRedis


@pytest.mark.requirement("DOM-5", "REP-8")
class TestUnitOfWork(OnRedis, UnitOfWorkContract):
    pass


@pytest.mark.requirement("DOM-5")
class TestUnitOfWorkEvents(OnRedis, UnitOfWorkEventsContract):
    pass
