"""SqlAlchemyDeadLetters: what consumer groups gave up, in a table beside the business data."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.sql.elements import ColumnElement

from fastapi_chassis.messaging import DeadLetterQuery, DeadLetterRecord, DeadLetterStateEnum, Envelope
from fastapi_chassis.plugins.sqlalchemy.base import DEAD_LETTERS
from fastapi_chassis.plugins.sqlalchemy.dialects import SqlDialect
from fastapi_chassis.plugins.sqlalchemy.envelopes import NAMES, envelope_of, values_of
from fastapi_chassis.plugins.sqlalchemy.session import Perform

_ROW = DEAD_LETTERS.c
_LATEST = select(_ROW.id).order_by(_ROW.id.desc()).limit(1)
_NAMES = NAMES[1:]  # the id is the record's; that of the message is in a column of its own
_TEXTS = ("type", "source", "destination", "key", "aggregate_type", "content_type")
_NUL, _ESCAPE = "\x00", "\x1b"  # no text of PostgreSQL holds the first; the second stands in for it


class SqlAlchemyDeadLetters:
    """The table of dead letters; each call is a transaction of its own.

    Args:
        perform: runs work in a transaction of its own.
        dialect: how the database is asked.
    """

    def __init__(self, perform: Perform, dialect: SqlDialect) -> None:
        self._perform = perform
        self._dialect = dialect

    async def add(self, record: DeadLetterRecord) -> DeadLetterRecord | None:
        """Keeps a record, unless the group's record of this message is there."""
        unless_there = [_ROW.consumer_group, _ROW.message_id]
        insert = self._dialect.insert(DEAD_LETTERS).on_conflict_do_nothing(index_elements=unless_there)

        def keep(connection: Connection) -> DeadLetterRecord | None:
            kept = record.behind(connection.scalar(_LATEST))
            values = {"id": kept.id, "message_id": kept.envelope.id, **_values(kept)}
            return kept if connection.execute(insert.values(values)).rowcount else None

        return cast("DeadLetterRecord | None", await self._perform(keep))

    async def page(self, query: DeadLetterQuery) -> Sequence[DeadLetterRecord]:
        """Returns the records that are wanted."""
        order = _ROW.id.asc() if query.is_earliest_first else _ROW.id.desc()
        statement = select(DEAD_LETTERS).where(*_wanted(query)).order_by(order).limit(query.limit)
        rows = await self._perform(lambda connection: connection.execute(statement).all())
        return [_record(row) for row in rows]

    async def get(self, id: UUID) -> DeadLetterRecord | None:  # noqa: A002 - it is the record's id
        """Returns one record."""
        statement = select(DEAD_LETTERS).where(_ROW.id == id)
        row = await self._perform(lambda connection: connection.execute(statement).one_or_none())
        return None if row is None else _record(row)

    async def change(self, record: DeadLetterRecord) -> bool:
        """Writes a record over the one of its id and version."""
        same = (_ROW.id == record.id, _ROW.version_no == record.version)
        changed = _values(record) | {"version_no": record.version + 1}
        statement = update(DEAD_LETTERS).where(*same).values(changed)
        return bool(await self._perform(lambda connection: connection.execute(statement).rowcount))

    async def purge(self, older_than: timedelta, *, limit: int) -> int:
        """Removes the oldest that are older, at most so many."""
        old = (
            select(_ROW.id)
            .where(_ROW.dead_at < self._dialect.from_now("age"))
            .order_by(_ROW.dead_at)
            .limit(bindparam("limit"))
        )
        statement, parameters = delete(DEAD_LETTERS).where(_ROW.id.in_(old)), {"age": -older_than}
        bounds = {**parameters, "limit": limit}
        return int(await self._perform(lambda connection: connection.execute(statement, bounds).rowcount))


def _wanted(query: DeadLetterQuery) -> list[ColumnElement[bool]]:
    equal = {_ROW.state: query.state, _ROW.consumer_group: query.group, _ROW.type: query.type}
    wanted: list[ColumnElement[bool]] = [
        column == _kept(str(want)) for column, want in equal.items() if want is not None
    ]
    if query.text is not None:
        wanted.append(func.lower(_ROW.reason).contains(query.text.lower().replace(_NUL, ""), autoescape=True))
    if query.since is not None:
        wanted.append(_ROW.dead_at >= query.since)
    if query.until is not None:
        wanted.append(_ROW.dead_at < query.until)
    if query.before is not None:
        wanted.append(_ROW.id < query.before)
    if query.after is not None:
        wanted.append(_ROW.id > query.after)
    return wanted


def _values(record: DeadLetterRecord) -> dict[str, object]:
    return {
        "consumer_group": _kept(record.group),
        "state": record.state.value,
        "reason": record.reason.replace(_NUL, ""),
        "attempts": record.attempts,
        "dead_at": record.at,
        "version_no": record.version,
        **dict(zip(_NAMES, values_of(_spelled(record.envelope, _kept))[1:], strict=True)),
    }


def _record(row: Any) -> DeadLetterRecord:
    message = [row.message_id, *(getattr(row, name) for name in _NAMES)]
    return DeadLetterRecord(
        id=row.id,
        group=_original(row.consumer_group),
        reason=row.reason,
        attempts=row.attempts,
        at=row.dead_at,
        state=DeadLetterStateEnum(row.state),
        version=row.version_no,
        envelope=_spelled(envelope_of(message), _original),
    )


def _spelled(envelope: Envelope, spell: Callable[[str], str]) -> Envelope:
    texts: dict[str, Any] = {name: spell(getattr(envelope, name)) for name in _TEXTS}
    return replace(envelope, **texts)


def _kept(text: str) -> str:
    """Spells text so that every database holds it; what has neither NUL nor escape stays as it is."""
    return text.replace(_ESCAPE, f"{_ESCAPE}[").replace(_NUL, f"{_ESCAPE}0")


def _original(kept: str) -> str:
    return kept.replace(f"{_ESCAPE}0", _NUL).replace(f"{_ESCAPE}[", _ESCAPE)
