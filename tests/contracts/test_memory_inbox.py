"""The memory twin of the inbox obeys the contract of every inbox."""

import pytest

from fastapi_chassis.testing.contracts.inbox import InboxContract
from tests.contracts.memory_messages import MessagesInMemory


@pytest.mark.requirement("MSG-5", "MISTAKE-5", "TST-1")
class TestInbox(MessagesInMemory, InboxContract):
    pass
