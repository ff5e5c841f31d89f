"""The memory store of an application obeys the contracts of repository and unit of work."""

import pytest

from fastapi_chassis.app import InMemoryStore
from fastapi_chassis.testing.contracts.harness import StoreHarness
from fastapi_chassis.testing.contracts.repository import RepositoryContract
from fastapi_chassis.testing.contracts.unit_of_work import UnitOfWorkContract
from fastapi_chassis.testing.contracts.unit_of_work_events import UnitOfWorkEventsContract


@pytest.mark.requirement("TST-1", "MISTAKE-19")
class TestStore(RepositoryContract, UnitOfWorkContract, UnitOfWorkEventsContract):
    @pytest.fixture
    def store(self) -> StoreHarness:
        return StoreHarness(InMemoryStore())
