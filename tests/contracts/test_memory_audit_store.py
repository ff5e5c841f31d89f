"""The memory twin of the audit store obeys the contract of every audit store."""

import pytest

from fastapi_chassis.application import MemorySession, MemoryStore
from fastapi_chassis.audit import InMemoryAuditStore, audit_store_for
from fastapi_chassis.testing.contracts.audit_store import AuditStoreContract
from tests.contracts.memory_store import OnMemory


@pytest.mark.requirement("TST-1")
class TestAuditStore(OnMemory, AuditStoreContract):
    pass


def test_the_session_leads_to_its_store() -> None:
    assert isinstance(audit_store_for(MemorySession(MemoryStore())), InMemoryAuditStore)
