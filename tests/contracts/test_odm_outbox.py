"""ODMOutbox obeys the contract of every outbox, on a server without transactions."""

import pytest

from fastapi_chassis.testing.contracts.outbox import (
    LateCommitContract,
    OutboxLeaseContract,
    OutboxSettlingContract,
    OutboxWritingContract,
)
from tests.contracts.odm_store import OnFerret


@pytest.mark.requirement("MSG-2", "REP-7")
class TestWritingOnFerret(OnFerret, OutboxWritingContract):
    pass


@pytest.mark.requirement("REP-7")
class TestLeaseOnFerret(OnFerret, OutboxLeaseContract):
    pass


@pytest.mark.requirement("REP-7")
class TestSettlingOnFerret(OnFerret, OutboxSettlingContract):
    pass


class TestLateCommitsOnFerret(OnFerret, LateCommitContract):
    pass
