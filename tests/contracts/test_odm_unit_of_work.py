"""ODMUnitOfWork obeys the contract of every unit of work, with and without transactions."""

import pytest

from fastapi_chassis.testing.contracts.unit_of_work import UnitOfWorkContract
from fastapi_chassis.testing.contracts.unit_of_work_events import UnitOfWorkEventsContract
from tests.contracts.odm_store import OnFerret, OnReplicaSet


@pytest.mark.requirement("DOM-5", "REP-7")
class TestUnitOfWorkOnFerret(OnFerret, UnitOfWorkContract):
    pass


@pytest.mark.requirement("DOM-5", "REP-7")
class TestUnitOfWorkEventsOnFerret(OnFerret, UnitOfWorkEventsContract):
    pass


@pytest.mark.requirement("DOM-5", "REP-7")
class TestUnitOfWorkOnReplicaSet(OnReplicaSet, UnitOfWorkContract):
    pass


@pytest.mark.requirement("DOM-5", "REP-7")
class TestUnitOfWorkEventsOnReplicaSet(OnReplicaSet, UnitOfWorkEventsContract):
    pass
