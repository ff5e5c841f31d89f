"""SqlAlchemyInbox: which messages a consumer has had, noted in the transaction of their effect."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import cast
from uuid import UUID

from sqlalchemy import bindparam, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from fastapi_chassis.messaging import inbox_for
from fastapi_chassis.plugins.sqlalchemy.base import INBOX
from fastapi_chassis.plugins.sqlalchemy.compiled import Row, Statement
from fastapi_chassis.plugins.sqlalchemy.dialects import SqlDialect
from fastapi_chassis.plugins.sqlalchemy.session import Perform, SqlAlchemySession, perform_on

type Ask = Callable[[Statement, Mapping[str, object]], Awaitable[Sequence[Row]]]

_ROW = INBOX.c


class SqlAlchemyInbox:
    """The inbox table.

    Args:
        perform: runs work, in the transaction of a session or in one of its own.
        dialect: how the database is asked.
        ask: runs a statement and returns its rows; as all other work where nothing is given.
    """

    def __init__(self, perform: Perform, dialect: SqlDialect, *, ask: Ask | None = None) -> None:
        self._perform = perform
        self._dialect = dialect
        self._ask = ask or self._ask_by_core

    async def accept(self, consumer: str, message_id: UUID) -> bool:
        """Notes a message; waits for another transaction that accepts the same just now."""
        return bool(await self.accept_many(consumer, (message_id,)))

    async def accept_many(self, consumer: str, message_ids: Collection[UUID]) -> frozenset[UUID]:
        """Notes messages by one statement; waits for other transactions that accept some of them just now."""
        ids = sorted(message_ids)  # in the same order everywhere, or two transactions would deadlock
        if not ids:
            return frozenset()
        given = _insert_given(self._dialect)
        if given is None:
            rows = await self._ask(_insert_each(self._dialect, consumer, ids), {})
        else:
            rows = await self._ask(given, {"consumer": consumer, "ids": ids})
        return frozenset(cast("UUID", message_id) for (message_id,) in rows)

    async def _ask_by_core(self, statement: Statement, parameters: Mapping[str, object]) -> Sequence[Row]:
        rows: Sequence[Row] = await self._perform(
            lambda connection: connection.execute(statement.element, parameters).fetchall()
        )
        return rows

    async def purge(self, older_than: timedelta, *, limit: int) -> int:
        """Forgets the oldest that are older, at most so many."""
        key = tuple_(_ROW.consumer, _ROW.message_id)
        old = (
            select(_ROW.consumer, _ROW.message_id)
            .where(_ROW.received_at < self._dialect.from_now("age"))
            .order_by(_ROW.received_at)
            .limit(bindparam("limit"))
        )
        statement = delete(INBOX).where(key.in_(old))
        parameters = {"age": -older_than, "limit": limit}
        return int(await self._perform(lambda connection: connection.execute(statement, parameters).rowcount))


@cache
def _insert_given(dialect: SqlDialect) -> Statement | None:
    """Makes the INSERT that takes any number of messages as one parameter; None where there is no such."""
    given = dialect.given([bindparam("ids", type_=_ROW.message_id.type)])
    if given is None:
        return None
    consumer = bindparam("consumer", type_=_ROW.consumer.type)
    source = select(consumer, *given.c, dialect.now())
    insert = dialect.insert(INBOX).from_select([_ROW.consumer, _ROW.message_id, _ROW.received_at], source)
    return Statement(insert.on_conflict_do_nothing().returning(_ROW.message_id), dialect.driver)


def _insert_each(dialect: SqlDialect, consumer: str, message_ids: Iterable[UUID]) -> Statement:
    now = dialect.now()
    rows = [{"consumer": consumer, "message_id": one, "received_at": now} for one in message_ids]
    return Statement(dialect.insert(INBOX).values(rows).on_conflict_do_nothing().returning(_ROW.message_id))


@inbox_for.register
def _(session: SqlAlchemySession) -> SqlAlchemyInbox:
    async def ask(statement: Statement, parameters: Mapping[str, object]) -> Sequence[Row]:
        async with session.executing() as executor:
            return await executor.fetch(statement, parameters)

    return SqlAlchemyInbox(session.write, session.database.dialect, ask=ask)


@inbox_for.register(AsyncConnection)
@inbox_for.register(AsyncSession)
def _(session: AsyncConnection | AsyncSession) -> SqlAlchemyInbox:
    return SqlAlchemyInbox(*perform_on(session))
