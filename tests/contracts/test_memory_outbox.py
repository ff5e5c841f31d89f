"""The memory twin of the outbox obeys the contract of every outbox."""

import pytest

from fastapi_chassis.testing.contracts.outbox import (
    LateCommitContract,
    OutboxSettlingContract,
    OutboxWritingContract,
)
from fastapi_chassis.testing.contracts.outbox_lease import OutboxLeaseContract
from tests.contracts.memory_messages import MessagesInMemory


@pytest.mark.requirement("MSG-2", "TST-1")
class TestWriting(MessagesInMemory, OutboxWritingContract):
    pass


@pytest.mark.requirement("TST-1")
class TestLease(MessagesInMemory, OutboxLeaseContract):
    pass


@pytest.mark.requirement("TST-1")
class TestSettling(MessagesInMemory, OutboxSettlingContract):
    pass


class TestLateCommits(MessagesInMemory, LateCommitContract):
    pass
