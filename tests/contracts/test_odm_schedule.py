"""ODMSchedule obeys the contract of every schedule store, on a server without transactions and with them."""

import pytest

from fastapi_chassis.testing.contracts.schedule import ScheduleContract
from tests.contracts.odm_store import OnFerret, OnFerretAsIfInTransactions, OnReplicaSet


@pytest.mark.requirement("MSG-8", "REP-7")
class TestScheduleOnFerret(OnFerret, ScheduleContract):
    pass


@pytest.mark.requirement("MSG-8", "REP-7")
class TestScheduleOnReplicaSet(OnReplicaSet, ScheduleContract):
    pass


@pytest.mark.requirement("MSG-8", "REP-7")
class TestScheduleAsIfInTransactions(OnFerretAsIfInTransactions, ScheduleContract):
    pass
