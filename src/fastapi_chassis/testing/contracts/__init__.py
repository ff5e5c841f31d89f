"""One suite per port, for everybody who fills a port: derive, supply the fixture, run pytest."""

from fastapi_chassis.testing.contracts.harness import RepositoryHarness
from fastapi_chassis.testing.contracts.idempotency import IdempotencyContract
from fastapi_chassis.testing.contracts.plugin import PluginContract
from fastapi_chassis.testing.contracts.repository import RepositoryContract
from fastapi_chassis.testing.contracts.unit_of_work import UnitOfWorkContract
from fastapi_chassis.testing.contracts.unit_of_work_events import UnitOfWorkEventsContract

__all__ = (
    "IdempotencyContract",
    "PluginContract",
    "RepositoryContract",
    "RepositoryHarness",
    "UnitOfWorkContract",
    "UnitOfWorkEventsContract",
)
