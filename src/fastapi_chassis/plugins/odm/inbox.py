"""ODMInbox: the messages that each consumer has had, noted in the documents of their effects."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from uuid import UUID

from fastapi_chassis.messaging import inbox_for
from fastapi_chassis.plugins.odm.connection import DocumentDatabase
from fastapi_chassis.plugins.odm.notes import carry, find_note, micros, purge_notes
from fastapi_chassis.plugins.odm.session import ODMSession


class ODMInbox:
    """Notes of messages, unique in each collection.

    Of two processes that accept the same message at once, the one that commits second is refused by the
    unique index, and begins anew; within a process the second waits for the first one's end.

    Args:
        documents: the database.
        session: the unit of work that `accept` takes part in.
    """

    def __init__(self, documents: DocumentDatabase, session: ODMSession | None = None) -> None:
        self._documents = documents
        self._session = session

    async def accept(self, consumer: str, message_id: UUID) -> bool:
        """Notes a message with the work of the unit; False if this consumer has had it."""
        session = self._session
        assert session is not None, "an inbox accepts in a unit of work"
        key = f"{consumer}/{message_id}"
        await session.hold(("inbox", key))
        if key in session.noted or await find_note(self._documents, key) is not None:
            return False
        session.noted.add(key)
        await carry(session, "_notes", [{"key": key, "at": micros(datetime.now(UTC))}])
        return True

    async def accept_many(self, consumer: str, message_ids: Collection[UUID]) -> frozenset[UUID]:
        """Notes messages with the work of the unit, in an order in which no two units wait for each other."""
        return frozenset([one for one in sorted(message_ids) if await self.accept(consumer, one)])

    async def purge(self, older_than: timedelta, *, limit: int) -> int:
        """Forgets the notes that are older, those of answers to repeated requests as well."""
        return await purge_notes(self._documents, datetime.now(UTC) - older_than, limit=limit)


@inbox_for.register
def _(session: ODMSession) -> ODMInbox:
    return ODMInbox(session.documents, session)
