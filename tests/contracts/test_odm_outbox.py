"""ODMOutbox obeys the contract of every outbox, on a server without transactions."""

import pytest

from fastapi_chassis.plugins.odm.partitions import ODMLeases
from fastapi_chassis.testing.contracts.outbox import (
    LateCommitContract,
    OutboxSettlingContract,
    OutboxWritingContract,
)
from fastapi_chassis.testing.contracts.outbox_lease import OutboxLeaseContract
from tests.contracts.odm_store import OnFerret


@pytest.mark.requirement("MSG-2", "REP-7")
class TestWritingOnFerret(OnFerret, OutboxWritingContract):
    pass


@pytest.mark.requirement("REP-7")
class TestLeaseOnFerret(OnFerret, OutboxLeaseContract):
    async def test_the_leases_are_those_of_the_store(self, store):
        assert isinstance(store.outbox().leases, ODMLeases)


@pytest.mark.requirement("REP-7")
class TestSettlingOnFerret(OnFerret, OutboxSettlingContract):
    pass


class TestLateCommitsOnFerret(OnFerret, LateCommitContract):
    pass
