"""InboxStore: the port that remembers which messages a consumer has had."""

from collections.abc import Collection
from datetime import timedelta
from functools import singledispatch
from typing import Protocol
from uuid import UUID

from fastapi_chassis.domain import Finding, WiringError


class InboxStore(Protocol):
    """Remembers messages by (consumer, id), within the transaction of their effect."""

    async def accept(self, consumer: str, message_id: UUID) -> bool:
        """Notes a message; False if this consumer has had it.

        Of two that accept the same at once, the second waits for the first one's transaction.
        """
        ...

    async def accept_many(self, consumer: str, message_ids: Collection[UUID]) -> frozenset[UUID]:
        """Notes messages at once; returns those that this consumer has not had."""
        ...

    async def purge(self, older_than: timedelta, *, limit: int) -> int:
        """Forgets at most `limit` messages that are older, and returns how many."""
        ...


@singledispatch
def inbox_for(session: object) -> InboxStore:
    """Finds the inbox that writes through a session; a store registers its session type.

    Raises:
        WiringError: no store knows this session.
    """
    raise WiringError(
        Finding(
            f"{type(session).__qualname__} has no inbox",
            remedy="use the session of a store that has one: sqlalchemy, odm or memory.",
        )
    )
