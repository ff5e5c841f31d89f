"""ODMRepository obeys the contract of every repository, with and without transactions."""

import pytest

from fastapi_chassis.testing.contracts.repository_bad_input import RepositoryBadInputContract
from fastapi_chassis.testing.contracts.repository_concurrency import RepositoryConcurrencyContract
from fastapi_chassis.testing.contracts.repository_documents import RepositoryDocumentsContract
from fastapi_chassis.testing.contracts.repository_lookups import RepositoryLookupsContract
from fastapi_chassis.testing.contracts.repository_pages import RepositoryPagesContract
from fastapi_chassis.testing.contracts.repository_projection import RepositoryProjectionContract
from fastapi_chassis.testing.contracts.repository_reads import (
    RepositoryOrderContract,
    RepositoryReadsContract,
)
from fastapi_chassis.testing.contracts.repository_record_keeping import (
    RepositoryAuditColumnsContract,
    RepositorySoftDeleteContract,
)
from fastapi_chassis.testing.contracts.repository_values import RepositoryValuesContract
from fastapi_chassis.testing.contracts.repository_writes import RepositoryWritesContract
from tests.contracts.odm_store import OnFerret, OnFerretAsIfInTransactions, OnReplicaSet


@pytest.mark.requirement("REP-1", "REP-7")
class TestReadsOnFerret(OnFerret, RepositoryReadsContract):
    pass


@pytest.mark.requirement("REP-1", "REP-7")
class TestReadsAsIfInTransactions(OnFerretAsIfInTransactions, RepositoryReadsContract):
    pass


@pytest.mark.requirement("REP-1", "REP-7")
class TestReadsOnReplicaSet(OnReplicaSet, RepositoryReadsContract):
    pass


@pytest.mark.requirement("REP-2", "REP-7")
class TestOrderOnFerret(OnFerret, RepositoryOrderContract):
    pass


@pytest.mark.requirement("REP-2", "REP-7")
class TestOrderOnReplicaSet(OnReplicaSet, RepositoryOrderContract):
    pass


@pytest.mark.requirement("REP-1", "REP-7", "MISTAKE-16")
class TestWritesOnFerret(OnFerret, RepositoryWritesContract):
    pass


@pytest.mark.requirement("REP-1", "REP-7", "MISTAKE-16")
class TestWritesAsIfInTransactions(OnFerretAsIfInTransactions, RepositoryWritesContract):
    pass


@pytest.mark.requirement("REP-1", "REP-7", "MISTAKE-16")
class TestWritesOnReplicaSet(OnReplicaSet, RepositoryWritesContract):
    pass


@pytest.mark.requirement("REP-2", "REP-3", "REP-7", "MISTAKE-16")
class TestLookupsOnFerret(OnFerret, RepositoryLookupsContract):
    pass


@pytest.mark.requirement("REP-2", "REP-3", "REP-7", "MISTAKE-16")
class TestLookupsOnReplicaSet(OnReplicaSet, RepositoryLookupsContract):
    pass


@pytest.mark.requirement("REP-2", "REP-3", "REP-7")
class TestDocumentsOnFerret(OnFerret, RepositoryDocumentsContract):
    pass


@pytest.mark.requirement("REP-2", "REP-3", "REP-7")
class TestDocumentsOnReplicaSet(OnReplicaSet, RepositoryDocumentsContract):
    pass


@pytest.mark.requirement("REP-2", "REP-7", "MISTAKE-17")
class TestPagesOnFerret(OnFerret, RepositoryPagesContract):
    pass


@pytest.mark.requirement("REP-2", "REP-7", "MISTAKE-17")
class TestPagesAsIfInTransactions(OnFerretAsIfInTransactions, RepositoryPagesContract):
    pass


@pytest.mark.requirement("REP-2", "REP-7", "MISTAKE-17")
class TestPagesOnReplicaSet(OnReplicaSet, RepositoryPagesContract):
    pass


@pytest.mark.requirement("REP-1", "REP-7")
class TestValuesOnFerret(OnFerret, RepositoryValuesContract):
    pass


@pytest.mark.requirement("REP-1", "REP-7")
class TestValuesAsIfInTransactions(OnFerretAsIfInTransactions, RepositoryValuesContract):
    pass


@pytest.mark.requirement("REP-1", "REP-7")
class TestValuesOnReplicaSet(OnReplicaSet, RepositoryValuesContract):
    pass


@pytest.mark.requirement("REP-7", "DOM-6")
class TestConcurrencyOnFerret(OnFerret, RepositoryConcurrencyContract):
    pass


@pytest.mark.requirement("REP-7", "DOM-6")
class TestConcurrencyOnReplicaSet(OnReplicaSet, RepositoryConcurrencyContract):
    pass


@pytest.mark.requirement("REP-2", "REP-7")
class TestProjectionOnFerret(OnFerret, RepositoryProjectionContract):
    pass


@pytest.mark.requirement("REP-2", "REP-7")
class TestProjectionOnReplicaSet(OnReplicaSet, RepositoryProjectionContract):
    pass


@pytest.mark.requirement("REP-7", "REP-9")
class TestAuditColumnsOnFerret(OnFerret, RepositoryAuditColumnsContract):
    pass


@pytest.mark.requirement("REP-7", "REP-9")
class TestAuditColumnsAsIfInTransactions(OnFerretAsIfInTransactions, RepositoryAuditColumnsContract):
    pass


@pytest.mark.requirement("REP-7", "REP-9")
class TestAuditColumnsOnReplicaSet(OnReplicaSet, RepositoryAuditColumnsContract):
    pass


@pytest.mark.requirement("REP-7", "REP-9")
class TestSoftDeleteOnFerret(OnFerret, RepositorySoftDeleteContract):
    pass


@pytest.mark.requirement("REP-7", "REP-9")
class TestSoftDeleteAsIfInTransactions(OnFerretAsIfInTransactions, RepositorySoftDeleteContract):
    pass


@pytest.mark.requirement("REP-7", "REP-9")
class TestSoftDeleteOnReplicaSet(OnReplicaSet, RepositorySoftDeleteContract):
    pass


@pytest.mark.requirement("REP-2", "REP-3", "MISTAKE-16")
class TestBadInputOnFerret(OnFerret, RepositoryBadInputContract):
    pass


@pytest.mark.requirement("REP-2", "REP-3", "MISTAKE-16")
class TestBadInputOnReplicaSet(OnReplicaSet, RepositoryBadInputContract):
    pass
