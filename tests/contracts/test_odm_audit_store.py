"""ODMAuditStore obeys the contract of every audit store, with and without transactions."""

import pytest

from fastapi_chassis.plugins.odm import ODMAuditStore
from fastapi_chassis.testing.contracts.audit_store import AuditStoreContract
from tests.contracts.odm_store import OnFerret, OnFerretAsIfInTransactions, OnReplicaSet


@pytest.mark.requirement("SEC-7")
class TestAuditOnFerret(OnFerret, AuditStoreContract):
    contract_of = ODMAuditStore


@pytest.mark.requirement("SEC-7")
class TestAuditOnReplicaSet(OnReplicaSet, AuditStoreContract):
    pass


@pytest.mark.requirement("SEC-7")
class TestAuditAsIfInTransactions(OnFerretAsIfInTransactions, AuditStoreContract):
    pass
