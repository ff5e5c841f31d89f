"""SqlAlchemyLeases: which relay takes which partition of the outbox, on the database's clock."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from sqlalchemy import ColumnElement, case, delete, select, update
from sqlalchemy.engine import Connection

from fastapi_chassis.messaging import PARTITIONS, Holding, Lease, to_take
from fastapi_chassis.plugins.sqlalchemy.base import OUTBOX_PARTITIONS, RELAYS
from fastapi_chassis.plugins.sqlalchemy.dialects import SqlDialect
from fastapi_chassis.plugins.sqlalchemy.session import Perform

_ROW = OUTBOX_PARTITIONS.c
_RELAY = RELAYS.c


class SqlAlchemyLeases:
    """The partitions and the relays that are alive.

    Whoever changes them locks all rows first, in their order, so that no two wait for each other.

    Args:
        perform: runs work in a transaction of its own.
        dialect: how the database is asked.
    """

    def __init__(self, perform: Perform, dialect: SqlDialect) -> None:
        self._perform = perform
        self._dialect = dialect

    async def hold(self, owner: str, lease: timedelta) -> Holding:
        """Renews what an owner has and takes what is free, up to its share."""

        def work(connection: Connection) -> Holding:
            leases = self._locked(connection)
            relays = self._alive(connection, owner, lease)
            holding, taken = to_take(leases, owner, relays)
            mine = _ROW.partition_no.in_(list(holding.tokens))
            token = (
                _ROW.token + case((_ROW.partition_no.in_(list(taken)), 1), else_=0) if taken else _ROW.token
            )
            until = self._dialect.from_now("lease")
            renewed = update(OUTBOX_PARTITIONS).where(mine).values(owner=owner, token=token, expires_at=until)
            if holding.tokens:
                connection.execute(renewed, {"lease": lease})
            return holding

        holding: Holding = await self._perform(work)
        return holding

    async def release(self, owner: str, partitions: Collection[int] | None = None) -> None:
        """Gives partitions back, or all of them."""

        def work(connection: Connection) -> None:
            self._locked(connection)
            free = update(OUTBOX_PARTITIONS).where(_ROW.owner == owner).values(owner=None)
            if partitions is None:
                connection.execute(delete(RELAYS).where(_RELAY.owner == owner))
            else:
                free = free.where(_ROW.partition_no.in_(list(partitions)))
            connection.execute(free)

        await self._perform(work)

    def _locked(self, connection: Connection) -> list[Lease]:
        ended: ColumnElement[bool] = _ROW.expires_at < self._dialect.now()
        question = select(_ROW.partition_no, _ROW.owner, _ROW.token, ended).order_by(_ROW.partition_no)
        rows = connection.execute(question.with_for_update()).all()
        if len(rows) < PARTITIONS:
            fresh = [{"partition_no": number, "token": 0} for number in range(PARTITIONS)]
            insert = self._dialect.insert(OUTBOX_PARTITIONS).values(expires_at=self._dialect.now())
            connection.execute(insert.on_conflict_do_nothing(), fresh)
            rows = connection.execute(question.with_for_update()).all()
        return [Lease(*row) for row in rows]

    def _alive(self, connection: Connection, owner: str, lease: timedelta) -> int:
        """Counts the relays that are alive, this one included."""
        connection.execute(delete(RELAYS).where(_RELAY.expires_at < self._dialect.now()))
        insert = self._dialect.insert(RELAYS).values(owner=owner, expires_at=self._dialect.from_now("lease"))
        renewed = {"expires_at": insert.excluded.expires_at}
        connection.execute(
            insert.on_conflict_do_update(index_elements=[_RELAY.owner], set_=renewed), {"lease": lease}
        )
        return len(connection.execute(select(_RELAY.owner)).all())


def lost_in(connection: Connection, tokens: Mapping[int, int]) -> frozenset[int]:
    """Returns the partitions that have another owner by now; the others keep theirs until the commit."""
    question = select(_ROW.partition_no, _ROW.token).where(_ROW.partition_no.in_(list(tokens)))
    rows = connection.execute(question.order_by(_ROW.partition_no).with_for_update(read=True))
    current = {row.partition_no: row.token for row in rows}
    return frozenset(one for one, token in tokens.items() if current.get(one) != token)
