"""OutboxStore: the port where messages wait in the database until the broker has them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import singledispatch
from typing import Protocol

from fastapi_chassis.domain import Finding, WiringError
from fastapi_chassis.messaging.envelope import Envelope


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A message that waits.

    Args:
        sequence: its place in the order of writing.
        envelope: the message.
        attempts: how often publishing it failed.
    """

    sequence: int
    envelope: Envelope
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch that one relay holds until the lease ends.

    Args:
        token: the fence: grows with every new owner, and a stale one settles nothing.
        entries: the messages, in the order of writing.
    """

    token: int
    entries: tuple[OutboxEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Backlog:
    """What still waits.

    Args:
        count: how many messages.
        oldest: how long the oldest has waited.
    """

    count: int
    oldest: timedelta = timedelta(0)


class OutboxStore(Protocol):
    """Keeps messages with the business data and lends them to one relay at a time."""

    async def add(self, envelopes: Sequence[Envelope]) -> None:
        """Writes messages in one statement, within the transaction of the session it was made for."""
        ...

    async def claim(self, owner: str, *, limit: int, lease: timedelta) -> Claim | None:
        """Takes or renews the lease and reads the oldest messages that are due; None if another has it.

        Of a key whose oldest message waits for a retry, no later message is read.
        """
        ...

    async def settle(
        self, claim: Claim, *, published: Collection[int], failed: Mapping[int, tuple[timedelta, str]]
    ) -> bool:
        """Ends the wait of published sequences; failed ones wait for a delay, with the reason noted.

        Returns False, and changes nothing, if the lease went to another owner.
        """
        ...

    async def release(self, owner: str) -> None:
        """Gives the lease back, so that another relay need not wait for its end."""
        ...

    async def backlog(self) -> Backlog:
        """Tells what still waits."""
        ...


@singledispatch
def outbox_for(session: object) -> OutboxStore:
    """Finds the outbox that writes through a session; a store registers its session type.

    Raises:
        WiringError: no store knows this session.
    """
    raise WiringError(
        Finding(
            f"{type(session).__qualname__} has no outbox",
            remedy="use the session of a store that has one: sqlalchemy, or memory.",
        )
    )
