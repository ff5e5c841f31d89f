"""SqlAlchemyOutbox: messages that wait in the database, lent to relays by partition."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import timedelta
from functools import cache
from itertools import batched
from typing import Any, cast

import orjson
from sqlalchemy import (
    BigInteger,
    SmallInteger,
    Text,
    Uuid,
    bindparam,
    delete,
    func,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from fastapi_chassis.messaging import (
    Backlog,
    Bell,
    Claim,
    Envelope,
    OutboxEntry,
    PartitionLeases,
    outbox_for,
    partition_of,
)
from fastapi_chassis.plugins.sqlalchemy.base import OUTBOX, OUTBOX_PARTITIONS
from fastapi_chassis.plugins.sqlalchemy.compiled import Row, Statement
from fastapi_chassis.plugins.sqlalchemy.dialects import BULK, BulkWrite, SqlDialect
from fastapi_chassis.plugins.sqlalchemy.envelopes import NAMES, envelope_of, values_of
from fastapi_chassis.plugins.sqlalchemy.partitions import SqlAlchemyLeases, lost_in
from fastapi_chassis.plugins.sqlalchemy.session import Perform, SqlAlchemySession, perform_on

type Write = Callable[[BulkWrite, Sequence[Row]], Awaitable[None]]
type Fetch = Callable[[Statement, Mapping[str, object]], Awaitable[Sequence[Row]]]

MAX_REASON = 8_192  # characters of an error that are kept
_ROW = OUTBOX.c
_WRITTEN = (*(_ROW[name] for name in NAMES), _ROW.partition_no, _ROW.attempts)
_READ = (
    *(_ROW.seq, _ROW.attempts, type_coerce(_ROW.id, Uuid())),  # the id as the driver reads it
    *(_ROW[name] for name in NAMES[1:-1]),
    sql_cast(_ROW.headers, Text),
)


class SqlAlchemyOutbox:
    """The outbox table.

    Args:
        perform: runs work, in the transaction of a session or in one of its own.
        dialect: how the database is asked.
        read: runs work that changes nothing; as all other work where nothing is given.
        write: writes many rows; as all other work where nothing is given.
        fetch: asks a question; as all other work where nothing is given.
        bell: what tells other processes of a commit.
    """

    def __init__(
        self,
        perform: Perform,
        dialect: SqlDialect,
        *,
        read: Perform | None = None,
        write: Write | None = None,
        fetch: Fetch | None = None,
        bell: Bell | None = None,
    ) -> None:
        self._perform = perform
        self._read = read or perform
        self._write = write or self._write_by_core
        self._fetch = fetch or self._fetch_by_core
        self._dialect = dialect
        self._settle_at_once = _settle_at_once(dialect) if fetch and dialect.driver else None
        self.leases: PartitionLeases = SqlAlchemyLeases(perform, dialect)
        self.bell = bell

    async def add(self, envelopes: Sequence[Envelope]) -> None:
        """Writes messages in one statement, within the transaction of the session."""
        rows = [_row(envelope) for envelope in envelopes]
        if rows:
            await self._write(_insert(self._dialect), rows)

    async def claim(
        self, tokens: Mapping[int, int], *, limit: int, without: Collection[str] = (), after: int = 0
    ) -> Claim:
        """Reads what is due in some partitions."""
        parameters: dict[str, object] = {"partitions": list(tokens), "limit": limit, "after": after}
        if without:
            parameters["without"] = list(without)
        rows = await self._fetch(_due(self._dialect, has_closed=bool(without)), parameters)
        return Claim(tokens, tuple(map(_entry, rows)))

    async def settle(
        self, claim: Claim, *, published: Collection[int], failed: Mapping[int, tuple[timedelta, str]]
    ) -> frozenset[int]:
        """Removes what was published and delays what failed, but for partitions with another owner."""
        if not failed and self._settle_at_once is not None:
            parameters = {"partitions": list(claim.tokens), "tokens": list(claim.tokens.values())}
            rows = await self._fetch(self._settle_at_once, {**parameters, "gone": list(published)})
            return frozenset(claim.tokens).difference(row[0] for row in rows)

        def work(connection: Connection) -> frozenset[int]:
            lost = lost_in(connection, claim.tokens)
            ours = _ours(claim, lost)
            for part in batched(filter(ours, published), BULK):
                gone = delete(OUTBOX).where(self._dialect.among(_ROW.seq, "gone"))
                connection.execute(gone, {"gone": list(part)})
            if delayed := [_delayed(*each) for each in failed.items() if ours(each[0])]:
                connection.execute(self._delay, delayed)
            return lost

        lost: frozenset[int] = await self._perform(work)
        return lost

    async def backlog(self) -> Backlog:
        """Counts what waits."""
        blocked = select(func.count(_ROW.aggregateid.distinct())).where(_ROW.attempts > 0).scalar_subquery()
        question = select(func.count(), func.min(_ROW.created_at), self._dialect.now(), blocked)
        count, oldest, now, keys = await self._read(lambda connection: connection.execute(question).one())
        return Backlog(count, max(now - oldest, timedelta(0)) if oldest else timedelta(0), keys)

    async def _write_by_core(self, bulk: BulkWrite, rows: Sequence[Row]) -> None:
        await self._perform(lambda connection: bulk.execute(connection, rows))

    async def _fetch_by_core(self, statement: Statement, parameters: Mapping[str, object]) -> Sequence[Row]:
        rows: Sequence[Row] = await self._read(
            lambda connection: connection.execute(statement.element, parameters).all()
        )
        return rows

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


@cache
def _due(dialect: SqlDialect, *, has_closed: bool) -> Statement:
    """Reads the oldest that are due; of a key whose oldest waits for a retry, nothing later.

    Where the reading begins `after` one whose wait has just ended, nothing of its key is read either.
    """
    earlier = OUTBOX.alias("earlier")
    waits = select(earlier.c.seq).where(
        earlier.c.aggregateid == _ROW.aggregateid,
        earlier.c.seq < _ROW.seq,
        earlier.c.attempts > 0,
        or_(earlier.c.available_at > dialect.now(), earlier.c.seq <= bindparam("after")),
    )
    due = select(*_READ).where(
        _ROW.seq > bindparam("after"),
        dialect.among(_ROW.partition_no, "partitions"),
        _ROW.available_at <= dialect.now(),
        ~waits.exists(),
    )
    if has_closed:
        due = due.where(~dialect.among(_ROW.destination, "without"))
    return Statement(due.order_by(_ROW.seq).limit(bindparam("limit")), dialect.driver)


@cache
def _settle_at_once(dialect: SqlDialect) -> Statement:
    """Removes rows of partitions that are still one's own, in one round trip; tells which those are.

    It locks no lease: who takes one over in this moment publishes again what is confirmed already, as after
    any death, and finds the row gone.
    """
    given = dialect.given(
        [bindparam("partitions", type_=SmallInteger), bindparam("tokens", type_=BigInteger)]
    )
    assert given is not None
    leases = OUTBOX_PARTITIONS.c
    still = (leases.partition_no == given.c.partitions) & (leases.token == given.c.tokens)
    held = select(leases.partition_no).join(given, still).cte("held")
    ours = _ROW.partition_no.in_(select(held.c.partition_no))
    gone = delete(OUTBOX).where(dialect.among(_ROW.seq, "gone"), ours).cte("gone")
    return Statement(select(held.c.partition_no).add_cte(gone), dialect.driver)


def _ours(claim: Claim, lost: Collection[int]) -> Callable[[int], bool]:
    """Tells the sequences whose partition is still that of who claimed them."""
    if not lost:
        return lambda _: True
    gone = {one.sequence for one in claim.entries if partition_of(one.envelope.key) in lost}
    return lambda sequence: sequence not in gone


def _row(envelope: Envelope) -> tuple[object, ...]:
    return (*values_of(envelope), partition_of(envelope.key), 0)


def _entry(row: Row) -> OutboxEntry:
    sequence, attempts, *values, headers = cast("tuple[Any, ...]", row)
    return OutboxEntry(sequence, envelope_of([*values, orjson.loads(headers)]), attempts)


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
