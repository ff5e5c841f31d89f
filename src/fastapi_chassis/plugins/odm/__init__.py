"""MongoDB: repositories, units of work, outbox and inbox on documents."""

from fastapi_chassis.domain import MissingExtraError

try:
    from fastapi_chassis.plugins.odm.errors import RefusedCommandError
except ModuleNotFoundError as missing:
    if missing.name not in {"pymongo", "bson"}:
        raise
    raise MissingExtraError("odm") from missing
from fastapi_chassis.plugins.odm.audit import ODMAuditStore
from fastapi_chassis.plugins.odm.config import ODMConfig
from fastapi_chassis.plugins.odm.connection import DatabaseAwayError, DocumentDatabase, open_odm
from fastapi_chassis.plugins.odm.dead_letters import ODMDeadLetters
from fastapi_chassis.plugins.odm.idempotency import ODMIdempotencyStore
from fastapi_chassis.plugins.odm.inbox import ODMInbox
from fastapi_chassis.plugins.odm.indexes import IndexesMissingError, ODMIndexes
from fastapi_chassis.plugins.odm.outbox import ODMOutbox
from fastapi_chassis.plugins.odm.plugin import ODMPlugin
from fastapi_chassis.plugins.odm.repository import ODMRepository
from fastapi_chassis.plugins.odm.schedule import ODMSchedule
from fastapi_chassis.plugins.odm.session import ODMSession
from fastapi_chassis.plugins.odm.store import ODMStore
from fastapi_chassis.plugins.odm.unit_of_work import ODMUnitOfWork

__all__ = (
    "DatabaseAwayError",
    "DocumentDatabase",
    "IndexesMissingError",
    "ODMAuditStore",
    "ODMConfig",
    "ODMDeadLetters",
    "ODMIdempotencyStore",
    "ODMInbox",
    "ODMIndexes",
    "ODMOutbox",
    "ODMPlugin",
    "ODMRepository",
    "ODMSchedule",
    "ODMSession",
    "ODMStore",
    "ODMUnitOfWork",
    "RefusedCommandError",
    "open_odm",
)
