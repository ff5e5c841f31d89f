"""SqlAlchemyInbox: which messages a consumer has had, noted in the transaction of their effect."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import bindparam, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from fastapi_chassis.messaging import inbox_for
from fastapi_chassis.plugins.sqlalchemy.base import INBOX
from fastapi_chassis.plugins.sqlalchemy.dialects import SqlDialect
from fastapi_chassis.plugins.sqlalchemy.session import Perform, SqlAlchemySession, perform_on

_ROW = INBOX.c


class SqlAlchemyInbox:
    """The inbox table.

    Args:
        perform: runs work, in the transaction of a session or in one of its own.
        dialect: how the database is asked.
    """

    def __init__(self, perform: Perform, dialect: SqlDialect) -> None:
        self._perform = perform
        self._dialect = dialect

    async def accept(self, consumer: str, message_id: UUID) -> bool:
        """Notes a message; waits for another transaction that accepts the same just now."""
        values = {"consumer": consumer, "message_id": message_id, "received_at": self._dialect.now()}
        insert = self._dialect.insert(INBOX).values(values).on_conflict_do_nothing()
        return bool(await self._perform(lambda connection: connection.execute(insert).rowcount))

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


@inbox_for.register
def _(session: SqlAlchemySession) -> SqlAlchemyInbox:
    return SqlAlchemyInbox(session.write, session.database.dialect)


@inbox_for.register(AsyncConnection)
@inbox_for.register(AsyncSession)
def _(session: AsyncConnection | AsyncSession) -> SqlAlchemyInbox:
    return SqlAlchemyInbox(*perform_on(session))
