"""SqlAlchemyOutbox: messages that wait in the database, lent to one relay at a time."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import timedelta
from functools import cache
from itertools import batched
from typing import Any
from zlib import crc32

from sqlalchemy import bindparam, case, delete, func, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from fastapi_chassis.messaging import Backlog, Claim, Envelope, OutboxEntry, outbox_for
from fastapi_chassis.plugins.sqlalchemy.base import OUTBOX, PARTITIONS, RELAY_LEASE
from fastapi_chassis.plugins.sqlalchemy.compiled import Row
from fastapi_chassis.plugins.sqlalchemy.dialects import BULK, BulkWrite, SqlDialect
from fastapi_chassis.plugins.sqlalchemy.session import Perform, SqlAlchemySession, perform_on

type Write = Callable[[BulkWrite, Sequence[Row]], Awaitable[None]]

LEASE_NAME = "outbox"
MAX_REASON = 8_192  # characters of an error that are kept
_ROW = OUTBOX.c
_LEASE = RELAY_LEASE.c
_WRITTEN = (
    _ROW.id,
    _ROW.aggregatetype,
    _ROW.aggregateid,
    _ROW.type,
    _ROW.payload,
    _ROW.headers,
    _ROW.destination,
    _ROW.version,
    _ROW.source,
    _ROW.content_type,
    _ROW.occurred_at,
    _ROW.partition_no,
    _ROW.attempts,
)


class SqlAlchemyOutbox:
    """The outbox table and its lease.

    Args:
        perform: runs work, in the transaction of a session or in one of its own.
        dialect: how the database is asked.
        read: runs work that changes nothing; as all other work where nothing is given.
        write: writes many rows; as all other work where nothing is given.
    """

    def __init__(
        self,
        perform: Perform,
        dialect: SqlDialect,
        *,
        read: Perform | None = None,
        write: Write | None = None,
    ) -> None:
        self._perform = perform
        self._read = read or perform
        self._write = write or self._write_by_core
        self._dialect = dialect

    async def add(self, envelopes: Sequence[Envelope]) -> None:
        """Writes messages in one statement, within the transaction of the session."""
        rows = [_row(envelope) for envelope in envelopes]
        if rows:
            await self._write(_insert(self._dialect), rows)

    async def claim(self, owner: str, *, limit: int, lease: timedelta) -> Claim | None:
        """Takes or renews the lease and reads what is due; None if another owner holds it."""

        def work(connection: Connection) -> Claim | None:
            token = connection.execute(self._take, {"me": owner, "lease": lease}).scalar()
            if token is None:
                return None
            rows = connection.execute(self._due, {"limit": limit}).all()
            return Claim(token, tuple(map(_entry, rows)))

        claim: Claim | None = await self._perform(work)
        return claim

    async def settle(
        self, claim: Claim, *, published: Collection[int], failed: Mapping[int, tuple[timedelta, str]]
    ) -> bool:
        """Removes what was published and delays what failed, unless the lease went to another owner."""

        def work(connection: Connection) -> bool:
            held = select(_LEASE.token).where(_LEASE.name == LEASE_NAME).with_for_update()
            if connection.execute(held).scalar() != claim.token:
                return False
            for part in batched(published, BULK):
                gone = delete(OUTBOX).where(self._dialect.among(_ROW.seq, "gone"))
                connection.execute(gone, {"gone": list(part)})
            if failed:
                connection.execute(self._delay, [_delayed(*each) for each in failed.items()])
            return True

        return bool(await self._perform(work))

    async def release(self, owner: str) -> None:
        """Gives the lease back, if this owner has it."""
        free = update(RELAY_LEASE).where(_LEASE.name == LEASE_NAME, _LEASE.owner == owner).values(owner=None)
        await self._perform(lambda connection: connection.execute(free))

    async def backlog(self) -> Backlog:
        """Counts what waits."""
        question = select(func.count(), func.min(_ROW.created_at), self._dialect.now())
        count, oldest, now = await self._read(lambda connection: connection.execute(question).one())
        return Backlog(count, max(now - oldest, timedelta(0)) if oldest else timedelta(0))

    async def _write_by_core(self, bulk: BulkWrite, rows: Sequence[Row]) -> None:
        await self._perform(lambda connection: bulk.execute(connection, rows))

    @property
    def _take(self) -> Any:
        """Takes the lease where it is free, ended or one's own; a new owner gets a greater token."""
        me = bindparam("me", type_=_LEASE.owner.type)
        values = {"name": LEASE_NAME, "owner": me, "token": 1, "expires_at": self._dialect.from_now("lease")}
        insert = self._dialect.insert(RELAY_LEASE).values(values)
        changed = {
            "owner": me,
            "token": case((_LEASE.owner == me, _LEASE.token), else_=_LEASE.token + 1),
            "expires_at": insert.excluded.expires_at,
        }
        free = or_(_LEASE.owner.is_(None), _LEASE.owner == me, _LEASE.expires_at < self._dialect.now())
        taken = insert.on_conflict_do_update(index_elements=[_LEASE.name], set_=changed, where=free)
        return taken.returning(_LEASE.token)

    @property
    def _due(self) -> Any:
        """Reads the oldest that are due; of a key whose oldest waits for a retry, nothing later."""
        earlier = OUTBOX.alias("earlier")
        waits = select(earlier.c.seq).where(
            earlier.c.aggregateid == _ROW.aggregateid,
            earlier.c.seq < _ROW.seq,
            earlier.c.attempts > 0,
            earlier.c.available_at > self._dialect.now(),
        )
        due = select(OUTBOX).where(_ROW.available_at <= self._dialect.now(), ~waits.exists())
        return due.order_by(_ROW.seq).limit(bindparam("limit"))

    @property
    def _delay(self) -> Any:
        return (
            update(OUTBOX)
            .where(_ROW.seq == bindparam("failed"))
            .values(
                attempts=_ROW.attempts + 1,
                available_at=self._dialect.from_now("delay"),
                last_error=bindparam("reason"),
            )
        )


@cache
def _insert(dialect: SqlDialect) -> BulkWrite:
    values = {column: bindparam(f"v_{column.key}", type_=column.type) for column in _WRITTEN}
    now = dialect.now()
    return dialect.bulk_insert(OUTBOX, values, {_ROW.created_at: now, _ROW.available_at: now})


def partition_of(key: str) -> int:
    """Returns the partition of a key; the same for every process and release."""
    return crc32(key.encode("utf-8", "replace")) % PARTITIONS


def _row(envelope: Envelope) -> tuple[object, ...]:
    return (
        envelope.id,
        envelope.aggregate_type,
        envelope.key,
        envelope.type,
        envelope.payload,
        dict(envelope.headers),
        envelope.destination,
        envelope.version,
        envelope.source,
        envelope.content_type,
        envelope.time,
        partition_of(envelope.key),
        0,
    )


def _entry(row: Any) -> OutboxEntry:
    envelope = Envelope(
        id=row.id,
        type=row.type,
        version=row.version,
        source=row.source,
        time=row.occurred_at,
        destination=row.destination,
        key=row.aggregateid,
        aggregate_type=row.aggregatetype,
        payload=row.payload,
        content_type=row.content_type,
        headers=row.headers,
    )
    return OutboxEntry(row.seq, envelope, row.attempts)


def _delayed(sequence: int, why: tuple[timedelta, str]) -> dict[str, object]:
    delay, reason = why
    text = reason[:MAX_REASON].replace("\x00", "").encode("utf-8", "replace").decode()
    return {"failed": sequence, "delay": delay, "reason": text}


@outbox_for.register
def _(session: SqlAlchemySession) -> SqlAlchemyOutbox:
    return SqlAlchemyOutbox(
        session.write, session.database.dialect, read=session.read, write=session.write_rows
    )


@outbox_for.register(AsyncConnection)
@outbox_for.register(AsyncSession)
def _(session: AsyncConnection | AsyncSession) -> SqlAlchemyOutbox:
    return SqlAlchemyOutbox(*perform_on(session))
