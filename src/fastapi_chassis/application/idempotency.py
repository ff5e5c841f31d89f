"""IdempotencyStore: the port that remembers what a repeated request was answered."""

from dataclasses import dataclass
from functools import singledispatch
from typing import Protocol

from fastapi_chassis.domain import Finding, WiringError


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What the first request with a key was answered.

    Args:
        fingerprint: tells the request's content.
        answer: the encoded result.
    """

    fingerprint: str
    answer: bytes


class IdempotencyStore(Protocol):
    """Remembers answers by key, within the transaction of the work that made them."""

    async def reserve(self, key: str, fingerprint: str) -> StoredAnswer | None:
        """Returns the answer that was given, or None and keeps the key for this transaction.

        Raises:
            ConflictException: a request with this key is being handled right now.
        """
        ...

    async def keep(self, key: str, answer: StoredAnswer) -> None:
        """Stores the answer with the transaction."""
        ...


@singledispatch
def idempotency_for(session: object) -> IdempotencyStore:
    """Finds the store of answers that writes through a session; a store registers its session type.

    Raises:
        WiringError: no store knows this session.
    """
    raise WiringError(
        Finding(
            f"{type(session).__qualname__} keeps no answers for an Idempotency-Key",
            remedy="use the session of a store that does: sqlalchemy, odm, redis or memory.",
        )
    )
