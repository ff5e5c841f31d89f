"""SQL databases: repositories, units of work, outbox and inbox on PostgreSQL and SQLite."""

from fastapi_chassis.domain import MissingExtraError

try:
    from fastapi_chassis.plugins.sqlalchemy.config import SqlAlchemyConfig
except ModuleNotFoundError as missing:
    if missing.name != "sqlalchemy":
        raise
    raise MissingExtraError("sqlalchemy") from missing
from fastapi_chassis.plugins.sqlalchemy.audit import SqlAlchemyAuditStore
from fastapi_chassis.plugins.sqlalchemy.columns import SqliteDecimal
from fastapi_chassis.plugins.sqlalchemy.connection import Database, DatabaseAwayError, open_sqlalchemy
from fastapi_chassis.plugins.sqlalchemy.errors import SchemaError
from fastapi_chassis.plugins.sqlalchemy.idempotency import SqlAlchemyIdempotencyStore
from fastapi_chassis.plugins.sqlalchemy.inbox import SqlAlchemyInbox
from fastapi_chassis.plugins.sqlalchemy.migrations import (
    MigrationError,
    SqlAlchemyMigrations,
    current,
    downgrade,
    migrate,
    pending,
    revision,
)
from fastapi_chassis.plugins.sqlalchemy.outbox import SqlAlchemyOutbox
from fastapi_chassis.plugins.sqlalchemy.plugin import SqlAlchemyPlugin
from fastapi_chassis.plugins.sqlalchemy.repository import SqlAlchemyRepository
from fastapi_chassis.plugins.sqlalchemy.schedule import SqlAlchemySchedule
from fastapi_chassis.plugins.sqlalchemy.session import SqlAlchemySession
from fastapi_chassis.plugins.sqlalchemy.store import SqlAlchemyStore
from fastapi_chassis.plugins.sqlalchemy.tables import table_for
from fastapi_chassis.plugins.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWork

__all__ = (
    "Database",
    "DatabaseAwayError",
    "MigrationError",
    "SchemaError",
    "SqlAlchemyAuditStore",
    "SqlAlchemyConfig",
    "SqlAlchemyIdempotencyStore",
    "SqlAlchemyInbox",
    "SqlAlchemyMigrations",
    "SqlAlchemyOutbox",
    "SqlAlchemyPlugin",
    "SqlAlchemyRepository",
    "SqlAlchemySchedule",
    "SqlAlchemySession",
    "SqlAlchemyStore",
    "SqlAlchemyUnitOfWork",
    "SqliteDecimal",
    "current",
    "downgrade",
    "migrate",
    "open_sqlalchemy",
    "pending",
    "revision",
    "table_for",
)
