"""The memory twin of the repository obeys the contract of every repository."""

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
from tests.contracts.memory_store import OnMemory


@pytest.mark.requirement("REP-1", "TST-1", "MISTAKE-19")
class TestReads(OnMemory, RepositoryReadsContract):
    pass


@pytest.mark.requirement("REP-2", "MISTAKE-19")
class TestOrder(OnMemory, RepositoryOrderContract):
    pass


@pytest.mark.requirement("REP-1", "REP-4", "DOM-6", "TST-1", "MISTAKE-16", "MISTAKE-19")
class TestWrites(OnMemory, RepositoryWritesContract):
    pass


@pytest.mark.requirement("REP-2", "REP-3", "MISTAKE-16", "MISTAKE-19")
class TestLookups(OnMemory, RepositoryLookupsContract):
    pass


@pytest.mark.requirement("REP-2", "REP-3", "MISTAKE-19")
class TestDocuments(OnMemory, RepositoryDocumentsContract):
    pass


@pytest.mark.requirement("REP-2", "MISTAKE-17", "MISTAKE-19")
class TestPages(OnMemory, RepositoryPagesContract):
    pass


@pytest.mark.requirement("REP-1", "TST-1", "MISTAKE-19")
class TestValues(OnMemory, RepositoryValuesContract):
    pass


@pytest.mark.requirement("REP-4", "DOM-6", "MISTAKE-19")
class TestConcurrency(OnMemory, RepositoryConcurrencyContract):
    pass


@pytest.mark.requirement("REP-9")
class TestAuditColumns(OnMemory, RepositoryAuditColumnsContract):
    pass


@pytest.mark.requirement("REP-9")
class TestSoftDelete(OnMemory, RepositorySoftDeleteContract):
    pass


@pytest.mark.requirement("REP-1")
class TestProjection(OnMemory, RepositoryProjectionContract):
    pass


@pytest.mark.requirement("REP-2", "REP-3", "MISTAKE-16")
class TestBadInput(OnMemory, RepositoryBadInputContract):
    pass
