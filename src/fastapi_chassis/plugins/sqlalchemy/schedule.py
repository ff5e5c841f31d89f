"""SqlAlchemySchedule: messages that wait for their time, beside the business data."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, literal, select
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from fastapi_chassis.messaging import Due, Envelope, Outlook, schedule_for
from fastapi_chassis.plugins.sqlalchemy.base import SCHEDULES
from fastapi_chassis.plugins.sqlalchemy.dialects import SqlDialect
from fastapi_chassis.plugins.sqlalchemy.envelopes import NAMES, envelope_of, values_of
from fastapi_chassis.plugins.sqlalchemy.session import Perform, SqlAlchemySession, perform_on

_NOTHING = timedelta(0)
_ROW = SCHEDULES.c


class SqlAlchemySchedule:
    """The table of what waits for its time; the database's clock counts.

    Args:
        perform: runs work, in the transaction of a session or in one of its own.
        dialect: how the database is asked.
    """

    def __init__(self, perform: Perform, dialect: SqlDialect) -> None:
        self._perform = perform
        self._dialect = dialect

    async def put(self, key: str, envelope: Envelope, due: datetime | timedelta) -> None:
        """Keeps a message until a time, or for a while; it takes the place of what waits under the key."""
        is_span = isinstance(due, timedelta)
        at = self._dialect.from_now("wait") if is_span else due
        values = {**dict(zip(NAMES, values_of(envelope), strict=True)), "key": key, "due_at": at}
        parameters = {"wait": due} if is_span else {}
        insert = self._dialect.insert(SCHEDULES).values(values)
        changed = {name: insert.excluded[name] for name in values if name != "key"}
        statement = insert.on_conflict_do_update(index_elements=[_ROW.key], set_=changed)
        await self._perform(lambda connection: connection.execute(statement, parameters))

    async def cancel(self, key: str) -> bool:
        """Forgets what waits under a key."""
        statement = delete(SCHEDULES).where(_ROW.key == key)
        return bool(await self._perform(lambda connection: connection.execute(statement).rowcount))

    async def take(self, *, limit: int, now: datetime | None = None) -> Due:
        """Takes out what is due; rows that another transaction is taking out are left to it."""
        time = self._time(now)
        due = (
            select(SCHEDULES)
            .where(_ROW.due_at <= time)
            .order_by(_ROW.due_at, _ROW.key)
            .limit(bindparam("limit"))
            .with_for_update(skip_locked=True)
        )
        gone = delete(SCHEDULES).where(self._dialect.among(_ROW.key, "gone"))

        def work(connection: Connection) -> Due:
            rows = connection.execute(due, {"limit": limit}).all()
            if rows:
                connection.execute(gone, {"gone": [row.key for row in rows]})
            next_one: Any = connection.execute(select(func.min(_ROW.due_at), time)).one()
            return Due(tuple(map(_envelope, rows)), _until(next_one[0], next_one[1]))

        taken: Due = await self._perform(work)
        return taken

    async def outlook(self, *, now: datetime | None = None) -> Outlook:
        """Tells what waits."""
        question = select(func.count(), func.min(_ROW.due_at), self._time(now))

        def work(connection: Connection) -> Outlook:
            row: Any = connection.execute(question).one()
            return Outlook(row[0], _until(row[1], row[2]))

        outlook: Outlook = await self._perform(work)
        return outlook

    def _time(self, now: datetime | None) -> ColumnElement[datetime]:
        return self._dialect.now() if now is None else literal(now, _ROW.due_at.type)


def _until(first: datetime | None, now: datetime) -> timedelta | None:
    return None if first is None else max(first - now, _NOTHING)


def _envelope(row: Any) -> Envelope:
    return envelope_of([getattr(row, name) for name in NAMES])


@schedule_for.register
def _(session: SqlAlchemySession) -> SqlAlchemySchedule:
    return SqlAlchemySchedule(session.write, session.database.dialect)


@schedule_for.register(AsyncConnection)
@schedule_for.register(AsyncSession)
def _(session: AsyncConnection | AsyncSession) -> SqlAlchemySchedule:
    return SqlAlchemySchedule(*perform_on(session))
