"""The memory twin of the unit of work obeys the contract of every unit of work."""

import pytest

from fastapi_chassis.testing.contracts.unit_of_work import UnitOfWorkContract
from fastapi_chassis.testing.contracts.unit_of_work_events import UnitOfWorkEventsContract
from tests.contracts.memory_store import OnMemory


@pytest.mark.requirement("DOM-5", "TST-1")
class TestUnitOfWork(OnMemory, UnitOfWorkContract):
    pass


@pytest.mark.requirement("DOM-5", "TST-1")
class TestUnitOfWorkEvents(OnMemory, UnitOfWorkEventsContract):
    pass
