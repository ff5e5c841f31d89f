"""ODMInbox obeys the contract of every inbox, on a server without transactions."""

import pytest

from fastapi_chassis.testing.contracts.inbox import InboxContract
from tests.contracts.odm_store import OnFerret


@pytest.mark.requirement("MSG-5", "REP-7")
class TestInboxOnFerret(OnFerret, InboxContract):
    pass
