"""SqlAlchemyIdempotencyStore: what repeated requests were answered, stored with the work that made it."""

from sqlalchemy import Text, bindparam, func, insert, select
from sqlalchemy.engine import Connection

from fastapi_chassis.application import StoredAnswer, idempotency_for
from fastapi_chassis.domain import ConflictException
from fastapi_chassis.plugins.sqlalchemy.base import IDEMPOTENCY
from fastapi_chassis.plugins.sqlalchemy.session import SqlAlchemySession

_ROW = IDEMPOTENCY.c
_LOCK = select(func.pg_try_advisory_xact_lock(func.hashtextextended(bindparam("key", type_=Text()), 0)))
_FIND = select(_ROW.fingerprint, _ROW.answer).where(_ROW.key == bindparam("key"))


class SqlAlchemyIdempotencyStore:
    """The table of answers.

    Args:
        session: the transaction in which the work is done.
    """

    def __init__(self, session: SqlAlchemySession) -> None:
        self._session = session

    async def reserve(self, key: str, fingerprint: str) -> StoredAnswer | None:
        """Returns the answer that was given, or None and keeps the key for this transaction."""
        del fingerprint
        postgres = self._session.database.dialect.name == "postgresql"
        if not postgres and not self._session.claim(key):
            raise _in_use()

        def work(connection: Connection) -> StoredAnswer | None:
            if postgres and not connection.execute(_LOCK, {"key": key}).scalar():
                raise _in_use()
            # a statement of its own: it must see what was committed before the lock was given
            row = connection.execute(_FIND, {"key": key}).first()
            return None if row is None else StoredAnswer(row.fingerprint, row.answer)

        return await self._session.write(work)

    async def keep(self, key: str, answer: StoredAnswer) -> None:
        """Stores the answer with the transaction."""
        values = {"key": key, "fingerprint": answer.fingerprint, "answer": answer.answer}
        statement = insert(IDEMPOTENCY).values(**values, created_at=self._session.database.dialect.now())
        await self._session.write(lambda connection: connection.execute(statement))


def _in_use() -> ConflictException:
    return ConflictException(
        "a request with this Idempotency-Key is being handled", error_code="IDEMPOTENCY_KEY_IN_USE"
    )


@idempotency_for.register
def _(session: SqlAlchemySession) -> SqlAlchemyIdempotencyStore:
    return SqlAlchemyIdempotencyStore(session)
