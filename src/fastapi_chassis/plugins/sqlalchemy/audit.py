"""SqlAlchemyAuditStore: records that are only ever added, in one chain, with the transaction they tell of."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from fastapi_chassis.audit import (
    Anchor,
    AuditEvent,
    AuditOutcomeEnum,
    AuditQuery,
    AuditRecord,
    audit_store_for,
    chained,
)
from fastapi_chassis.plugins.sqlalchemy.base import AUDIT
from fastapi_chassis.plugins.sqlalchemy.dialects import SqlDialect
from fastapi_chassis.plugins.sqlalchemy.session import Perform, SqlAlchemySession, perform_on

_ROW = AUDIT.c
_TURN = 0x6175646974  # "audit": writers take turns by this lock


class SqlAlchemyAuditStore:
    """The audit table; the database refuses to change or remove a record.

    Args:
        perform: runs work in the transaction of a session.
        dialect: how the database is asked.
        read: runs work that changes nothing; as all other work where nothing is given.
    """

    def __init__(self, perform: Perform, dialect: SqlDialect, *, read: Perform | None = None) -> None:
        self._perform = perform
        self._read = read or perform
        self._dialect = dialect

    async def append(self, events: Sequence[AuditEvent]) -> None:
        """Adds events with the transaction, once the writers before have ended theirs."""
        if events:
            await self._perform(lambda connection: self._append(connection, events))

    async def find(self, query: AuditQuery) -> Sequence[AuditRecord]:
        """Returns the records that are wanted."""
        order = _ROW.sequence.desc() if query.newest_first else _ROW.sequence
        statement = select(AUDIT).where(*_wanted(query)).order_by(order).limit(bindparam("most"))
        rows = await self._read(lambda connection: connection.execute(statement, {"most": query.limit}).all())
        return [_record(row) for row in rows]

    def _append(self, connection: Connection, events: Sequence[AuditEvent]) -> None:
        if self._dialect.name == "postgresql":  # SQLite has one writer at a time
            connection.execute(select(func.pg_advisory_xact_lock(_TURN)))
        head = select(_ROW.sequence, _ROW.digest).order_by(_ROW.sequence.desc()).limit(1)
        last = connection.execute(head).first()
        anchor = Anchor(last.sequence, last.digest) if last else Anchor()
        connection.execute(insert(AUDIT), [_row(record) for record in chained(events, anchor)])


def _wanted(query: AuditQuery) -> list[ColumnElement[bool]]:
    equal = {
        _ROW.actor: query.actor,
        _ROW.action: query.action,
        _ROW.entity: query.entity,
        _ROW.entity_id: query.entity_id,
        _ROW.correlation_id: query.correlation_id,
    }
    wanted: list[ColumnElement[bool]] = [column == want for column, want in equal.items() if want is not None]
    if query.since is not None:
        wanted.append(_ROW.at >= query.since)
    if query.until is not None:
        wanted.append(_ROW.at < query.until)
    return [*wanted, _ROW.sequence > query.after]


def _row(record: AuditRecord) -> dict[str, object]:
    event = record.event
    return {
        "sequence": record.sequence,
        "previous": record.previous,
        "digest": record.digest,
        "id": event.id,
        "actor": event.actor,
        "action": event.action,
        "at": event.at,
        "place": event.place,
        "entity": event.entity,
        "entity_id": event.entity_id,
        "outcome": event.outcome.value,
        "reason": event.reason,
        "correlation_id": event.correlation_id,
        "tenant": event.tenant,
        "details": json.dumps(dict(event.details)),
    }


def _record(row: Row[Any]) -> AuditRecord:
    event = AuditEvent(
        id=row.id,
        actor=row.actor,
        action=row.action,
        at=row.at,
        place=row.place,
        entity=row.entity,
        entity_id=row.entity_id,
        outcome=AuditOutcomeEnum(row.outcome),
        reason=row.reason,
        correlation_id=row.correlation_id,
        tenant=row.tenant,
        details=json.loads(row.details),
    )
    return AuditRecord(row.sequence, event, row.previous, row.digest)


@audit_store_for.register
def _(session: SqlAlchemySession) -> SqlAlchemyAuditStore:
    return SqlAlchemyAuditStore(session.write, session.database.dialect, read=session.read)


@audit_store_for.register(AsyncConnection)
@audit_store_for.register(AsyncSession)
def _(session: AsyncConnection | AsyncSession) -> SqlAlchemyAuditStore:
    return SqlAlchemyAuditStore(*perform_on(session))
