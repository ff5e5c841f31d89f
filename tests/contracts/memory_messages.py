"""The memory twins of outbox and inbox, as the contract suites want a store."""

import pytest

from fastapi_chassis.application import MemorySession
from fastapi_chassis.messaging import InMemoryInbox, InMemoryOutbox
from tests.contracts.memory_store import MemoryHarness


class MessageHarness(MemoryHarness):
    def outbox(self) -> InMemoryOutbox:
        return InMemoryOutbox(MemorySession(self.store))

    def inbox(self) -> InMemoryInbox:
        return InMemoryInbox(MemorySession(self.store))


class MessagesInMemory:
    """Mixed into a suite, supplies its `store`."""

    contract_store = "memory"

    @pytest.fixture
    def store(self) -> MessageHarness:
        return MessageHarness()
