"""ScheduleStore: the port where messages wait for their time, beside the business data."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import singledispatch
from typing import Protocol

from fastapi_chassis.domain import Finding, WiringError
from fastapi_chassis.messaging.envelope import Envelope


@dataclass(frozen=True, slots=True)
class Due:
    """What has come due, taken out of the store with a transaction.

    Args:
        envelopes: the messages, in the order of their times.
        next_in: how long until the next one is due; None where nothing else waits.
    """

    envelopes: tuple[Envelope, ...] = ()
    next_in: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What waits for its time.

    Args:
        waiting: how many messages, those that are due included.
        next_in: how long until the next one is due; None where nothing waits.
    """

    waiting: int
    next_in: timedelta | None = None


class ScheduleStore(Protocol):
    """Keeps messages until their time; what it does is part of a transaction.

    The store's clock counts, so that processes need not agree on the time; but for a `now` that is given, as
    by a test that moves the clock.
    """

    async def put(self, key: str, envelope: Envelope, due: datetime | timedelta) -> None:
        """Keeps a message until a time, or for a while; it takes the place of what waits under the key."""
        ...

    async def cancel(self, key: str) -> bool:
        """Forgets what waits under a key; False if nothing does."""
        ...

    async def take(self, *, limit: int, now: datetime | None = None) -> Due:
        """Takes out what is due, leaving what another transaction is taking out just now."""
        ...

    async def outlook(self, *, now: datetime | None = None) -> Outlook:
        """Tells what waits."""
        ...


@singledispatch
def schedule_for(session: object) -> ScheduleStore:
    """Finds the schedules that are written through a session; a store registers its session type.

    Raises:
        WiringError: no store knows this session.
    """
    raise WiringError(
        Finding(
            f"{type(session).__qualname__} has no schedules",
            remedy="use the session of a store that has them: sqlalchemy, odm, or memory.",
        )
    )
