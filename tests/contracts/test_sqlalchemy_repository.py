"""SqlAlchemyRepository obeys the contract of every repository, on SQLite and PostgreSQL."""

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
from tests.contracts.sqlalchemy_store import OnPostgres, OnSqlite


@pytest.mark.requirement("REP-1")
class TestReadsOnSqlite(OnSqlite, RepositoryReadsContract):
    pass


@pytest.mark.requirement("REP-1")
class TestReadsOnPostgres(OnPostgres, RepositoryReadsContract):
    pass


@pytest.mark.requirement("REP-2")
class TestOrderOnSqlite(OnSqlite, RepositoryOrderContract):
    pass


@pytest.mark.requirement("REP-2")
class TestOrderOnPostgres(OnPostgres, RepositoryOrderContract):
    pass


@pytest.mark.requirement("REP-1", "REP-4", "MISTAKE-16")
class TestWritesOnSqlite(OnSqlite, RepositoryWritesContract):
    pass


@pytest.mark.requirement("REP-1", "REP-4", "MISTAKE-16")
class TestWritesOnPostgres(OnPostgres, RepositoryWritesContract):
    pass


@pytest.mark.requirement("REP-2", "REP-3", "MISTAKE-16")
class TestLookupsOnSqlite(OnSqlite, RepositoryLookupsContract):
    pass


@pytest.mark.requirement("REP-2", "REP-3", "MISTAKE-16")
class TestLookupsOnPostgres(OnPostgres, RepositoryLookupsContract):
    pass


@pytest.mark.requirement("REP-2", "REP-3")
class TestDocumentsOnSqlite(OnSqlite, RepositoryDocumentsContract):
    pass


@pytest.mark.requirement("REP-2", "REP-3")
class TestDocumentsOnPostgres(OnPostgres, RepositoryDocumentsContract):
    pass


@pytest.mark.requirement("REP-2", "MISTAKE-17")
class TestPagesOnSqlite(OnSqlite, RepositoryPagesContract):
    pass


@pytest.mark.requirement("REP-2", "MISTAKE-17")
class TestPagesOnPostgres(OnPostgres, RepositoryPagesContract):
    pass


@pytest.mark.requirement("REP-1")
class TestValuesOnSqlite(OnSqlite, RepositoryValuesContract):
    pass


@pytest.mark.requirement("REP-1")
class TestValuesOnPostgres(OnPostgres, RepositoryValuesContract):
    pass


@pytest.mark.requirement("REP-4", "DOM-6")
class TestConcurrencyOnSqlite(OnSqlite, RepositoryConcurrencyContract):
    pass


@pytest.mark.requirement("REP-4", "DOM-6")
class TestConcurrencyOnPostgres(OnPostgres, RepositoryConcurrencyContract):
    pass


@pytest.mark.requirement("REP-9")
class TestAuditColumnsOnSqlite(OnSqlite, RepositoryAuditColumnsContract):
    pass


@pytest.mark.requirement("REP-9")
class TestAuditColumnsOnPostgres(OnPostgres, RepositoryAuditColumnsContract):
    pass


@pytest.mark.requirement("REP-9")
class TestSoftDeleteOnSqlite(OnSqlite, RepositorySoftDeleteContract):
    pass


@pytest.mark.requirement("REP-9")
class TestSoftDeleteOnPostgres(OnPostgres, RepositorySoftDeleteContract):
    pass


@pytest.mark.requirement("REP-1")
class TestProjectionOnSqlite(OnSqlite, RepositoryProjectionContract):
    pass


@pytest.mark.requirement("REP-1")
class TestProjectionOnPostgres(OnPostgres, RepositoryProjectionContract):
    pass


@pytest.mark.requirement("REP-2", "REP-3", "MISTAKE-16")
class TestBadInputOnSqlite(OnSqlite, RepositoryBadInputContract):
    pass


@pytest.mark.requirement("REP-2", "REP-3", "MISTAKE-16")
class TestBadInputOnPostgres(OnPostgres, RepositoryBadInputContract):
    pass
