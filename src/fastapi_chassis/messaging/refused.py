"""Refused: messages that no broker takes, on their way to the dead letters, and from there once more out."""

import logging
from collections.abc import Callable, Collection
from datetime import timedelta

from fastapi_chassis.application import AbstractUnitOfWork
from fastapi_chassis.domain import Clock, SystemClock, UnavailableException
from fastapi_chassis.messaging.dead_letters import DeadLetterRecord, DeadLetterStore
from fastapi_chassis.messaging.outbox import OutboxEntry, outbox_for
from fastapi_chassis.messaging.outcome import Ack, Outcome, Retry
from fastapi_chassis.messaging.partitions import partition_of
from fastapi_chassis.messaging.road_meter import RoadMeter
from fastapi_chassis.messaging.transport import Delivery, Subscription
from fastapi_chassis.messaging.verdict import cut

_log = logging.getLogger("fastapi_chassis.messaging.relay")


def outbox_group(service: str) -> str:
    """Names the messages of a service that could not leave, as a consumer group is named."""
    return f"{service}.outbox"


class Refused:
    """Keeps what the broker has refused often enough.

    Args:
        store: where dead letters are kept.
        group: whose they are.
        max_attempts: how often is enough.
        clock: tells when.
    """

    def __init__(
        self, store: DeadLetterStore, group: str, max_attempts: int, *, clock: Clock | None = None
    ) -> None:
        self._store = store
        self._group = group
        self._max_attempts = max_attempts
        self._clock = clock or SystemClock()
        self._meter = RoadMeter()

    async def keeps(self, entry: OutboxEntry, reason: str) -> bool:
        """Keeps a message if it was refused often enough; only then it may leave the outbox."""
        attempts = entry.attempts + 1
        if attempts < self._max_attempts:
            return False
        record = DeadLetterRecord(
            group=self._group,
            envelope=entry.envelope,
            reason=cut(reason),
            attempts=attempts,
            at=self._clock.now(),
        )
        if await self._store.add(record):
            self._meter.gave_up(self._group, entry.envelope.destination, "refused")
        _log.error("%s gives up on %s: %s", self._group, entry.envelope.id, reason)
        return True


class OnceMoreOut:
    """Puts a replayed message into the outbox again, as the receiver of the outbox's own dead letters.

    Args:
        group: whose they are.
        opening: makes a unit of work whose store has the outbox.
        wake: tells the relays.
    """

    def __init__(
        self,
        group: str,
        opening: Callable[[], AbstractUnitOfWork],
        wake: Callable[[Collection[int]], None],
    ) -> None:
        self.subscription = Subscription(group, frozenset())
        self._opening = opening
        self._wake = wake

    async def receive(self, delivery: Delivery) -> Outcome:
        """Writes one message, behind those that wait."""
        try:
            async with self._opening() as work:
                await outbox_for(work.session).add([delivery.envelope])
                await work.commit()
        except UnavailableException as fault:
            return Retry(timedelta(seconds=fault.retry_after or 0), fault.message)
        self._wake((partition_of(delivery.envelope.key),))
        return Ack()
