"""OutboxStore: the port where messages wait in the database until the broker has them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import singledispatch
from typing import Protocol

from fastapi_chassis.domain import Finding, WiringError
from fastapi_chassis.messaging.envelope import Envelope
from fastapi_chassis.messaging.partitions import PartitionLeases


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
    """A batch that one relay takes to the broker.

    Args:
        tokens: the partitions that it was read from, each with the fence of who read it.
        entries: the messages, in the order of writing.
    """

    tokens: Mapping[int, int]
    entries: tuple[OutboxEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Backlog:
    """What still waits.

    Args:
        count: how many messages.
        oldest: how long the oldest has waited.
        blocked: how many keys are held up by a message that the broker refused.
    """

    count: int
    oldest: timedelta = timedelta(0)
    blocked: int = 0


class Bell(Protocol):
    """Carries word of a commit to the relays in other processes: a hint, which may get lost."""

    async def ring(self) -> None:
        """Tells all who listen."""
        ...

    def listening(self, heard: Callable[[], None]) -> AbstractAsyncContextManager[None]:
        """Calls `heard` at every ring, for the length of a block; reconnects by itself."""
        ...


class OutboxStore(Protocol):
    """Keeps messages with the business data and lends them to relays, partition by partition."""

    @property
    def leases(self) -> PartitionLeases:
        """Who takes which partition to the broker."""
        ...

    @property
    def bell(self) -> Bell | None:
        """What tells other processes of a commit; None where they have to look."""
        ...

    async def add(self, envelopes: Sequence[Envelope]) -> None:
        """Writes messages in one statement, within the transaction of the session it was made for."""
        ...

    async def claim(
        self, tokens: Mapping[int, int], *, limit: int, without: Collection[str] = (), after: int = 0
    ) -> Claim:
        """Reads the oldest messages of some partitions that are due.

        Of a key whose oldest message waits for a retry, no later message is read; nor of one that was refused
        and lies before the place where the reading begins, even if its wait is over.

        Args:
            tokens: the partitions, each with its fence.
            limit: how many messages at most.
            without: destinations whose messages stay where they are.
            after: only later sequences; a store that can't tell well which those are answers with none.
        """
        ...

    async def settle(
        self, claim: Claim, *, published: Collection[int], failed: Mapping[int, tuple[timedelta, str]]
    ) -> frozenset[int]:
        """Ends the wait of published sequences; failed ones wait for a delay, with the reason noted.

        Returns the partitions that went to another owner meanwhile; of their messages nothing is changed.
        """
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
            remedy="use the session of a store that has one: sqlalchemy, odm or memory.",
        )
    )
