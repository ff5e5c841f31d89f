"""Who did what, written with the change and proof against tampering; enter by AuditService."""

from fastapi_chassis.audit.chain import (
    Anchor,
    ChainReport,
    canonical_details,
    chained,
    digest_of,
    verify_chain,
)
from fastapi_chassis.audit.event import AuditEvent, AuditOutcomeEnum
from fastapi_chassis.audit.memory import InMemoryAuditStore
from fastapi_chassis.audit.service import ANONYMOUS, AuditService, Scrub, scrubbed
from fastapi_chassis.audit.store import AuditQuery, AuditRecord, AuditStore, audit_store_for

__all__ = (
    "ANONYMOUS",
    "Anchor",
    "AuditEvent",
    "AuditOutcomeEnum",
    "AuditQuery",
    "AuditRecord",
    "AuditService",
    "AuditStore",
    "ChainReport",
    "InMemoryAuditStore",
    "Scrub",
    "audit_store_for",
    "canonical_details",
    "chained",
    "digest_of",
    "scrubbed",
    "verify_chain",
)
