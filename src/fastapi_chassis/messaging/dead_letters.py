"""DeadLetterStore: the port that keeps the messages which a consumer group gave up."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, Self
from uuid import UUID

from fastapi_chassis.domain import id_after, new_id
from fastapi_chassis.messaging.envelope import Envelope

MOST = 200  # records of one page


class DeadLetterStateEnum(StrEnum):
    """What became of a message that was given up."""

    WAITING = "waiting"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterRecord:
    """A message that a consumer group gave up.

    Args:
        id: identifies the record; of two in a store, the later has the greater one.
        group: who gave it up.
        envelope: the message, its bytes as they came or as they were edited.
        reason: why, in at most 8 KiB and without secrets.
        attempts: how often it was tried.
        at: when it was given up.
        state: what became of it since.
        version: counts its changes, so that of two at once one is refused.
    """

    id: UUID = field(default_factory=new_id)
    group: str
    envelope: Envelope
    reason: str
    attempts: int
    at: datetime
    state: DeadLetterStateEnum = DeadLetterStateEnum.WAITING
    version: int = 1

    def behind(self, latest: UUID | None) -> Self:
        """Returns the record with an id that is greater than the latest of a store.

        It is a hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014): the clocks of two
        consumers may differ, and what the second gives up still comes after what the first had.
        """
        return self if latest is None or latest < self.id else replace(self, id=id_after(latest))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterQuery:
    """Which records are wanted; what is None does not matter.

    Args:
        state: what became of them.
        group: who gave them up.
        type: the name of the message.
        text: what the reason contains, whatever its case.
        since: given up at this time or later.
        until: given up before this time.
        before: records with a smaller id: the last one of the page before.
        after: records with a greater id: the last one of the page before, where the earliest come first.
        is_earliest_first: whether the earliest come first; else the latest do.
        limit: how many at most.

    Raises:
        ValueError: the limit is not between 1 and 200.
    """

    state: DeadLetterStateEnum | None = DeadLetterStateEnum.WAITING
    group: str | None = None
    type: str | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: UUID | None = None
    after: UUID | None = None
    is_earliest_first: bool = False
    limit: int = 50

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MOST:
            raise ValueError(f"a page has between 1 and {MOST} records")


class DeadLetterStore(Protocol):
    """Keeps records by group and message; each call is a transaction of its own."""

    async def add(self, record: DeadLetterRecord) -> DeadLetterRecord | None:
        """Keeps a record behind all that were kept before, and returns it as it is kept now.

        None, and nothing is changed, if the group's record of this message is there.
        """
        ...

    async def page(self, query: DeadLetterQuery) -> Sequence[DeadLetterRecord]:
        """Returns the records that are wanted, in the order of their ids that is wanted."""
        ...

    async def get(self, id: UUID) -> DeadLetterRecord | None:  # noqa: A002 - it is the record's id
        """Returns one record."""
        ...

    async def change(self, record: DeadLetterRecord) -> bool:
        """Writes a record over the one of its id and version, as the next version; False if that is gone."""
        ...

    async def purge(self, older_than: timedelta, *, limit: int) -> int:
        """Removes at most `limit` records that are older, and returns how many."""
        ...
