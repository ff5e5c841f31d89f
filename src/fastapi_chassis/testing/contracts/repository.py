"""RepositoryContract: everything that a repository of any store must do."""

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


class RepositoryContract(
    RepositoryReadsContract,
    RepositoryOrderContract,
    RepositoryLookupsContract,
    RepositoryDocumentsContract,
    RepositoryPagesContract,
    RepositoryProjectionContract,
    RepositoryWritesContract,
    RepositoryValuesContract,
    RepositoryConcurrencyContract,
    RepositoryAuditColumnsContract,
    RepositorySoftDeleteContract,
    RepositoryBadInputContract,
):
    """All suites at once: derive a test class and supply the fixture `store`, a RepositoryHarness.

    Each suite may be run by itself as well.
    """
