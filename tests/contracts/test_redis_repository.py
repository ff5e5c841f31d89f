"""RedisRepository obeys the contract of every repository."""

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
from tests.contracts.redis_store import OnRedis


@pytest.mark.requirement("REP-1", "REP-8")
class TestReads(OnRedis, RepositoryReadsContract):
    pass


@pytest.mark.requirement("REP-2")
class TestOrder(OnRedis, RepositoryOrderContract):
    pass


@pytest.mark.requirement("REP-1", "REP-4", "REP-8", "MISTAKE-16")
class TestWrites(OnRedis, RepositoryWritesContract):
    pass


@pytest.mark.requirement("REP-2", "REP-3", "MISTAKE-16")
class TestLookups(OnRedis, RepositoryLookupsContract):
    pass


@pytest.mark.requirement("REP-2", "REP-3")
class TestDocuments(OnRedis, RepositoryDocumentsContract):
    pass


@pytest.mark.requirement("REP-2", "MISTAKE-17")
class TestPages(OnRedis, RepositoryPagesContract):
    pass


@pytest.mark.requirement("REP-1", "REP-8")
class TestValues(OnRedis, RepositoryValuesContract):
    pass


@pytest.mark.requirement("REP-4", "DOM-6")
class TestConcurrency(OnRedis, RepositoryConcurrencyContract):
    pass


@pytest.mark.requirement("REP-9")
class TestAuditColumns(OnRedis, RepositoryAuditColumnsContract):
    pass


@pytest.mark.requirement("REP-9")
class TestSoftDelete(OnRedis, RepositorySoftDeleteContract):
    pass


@pytest.mark.requirement("REP-1")
class TestProjection(OnRedis, RepositoryProjectionContract):
    pass


@pytest.mark.requirement("REP-2", "REP-3", "MISTAKE-16")
class TestBadInput(OnRedis, RepositoryBadInputContract):
    pass
