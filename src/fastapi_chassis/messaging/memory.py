"""InMemoryTransport: a broker within the process, which confirms what every group has settled."""

import asyncio
import contextvars
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from fastapi_chassis.messaging.envelope import Envelope
from fastapi_chassis.messaging.lanes import Copy, Lanes
from fastapi_chassis.messaging.outcome import Ack, DeadLetter, Outcome, Retry
from fastapi_chassis.messaging.transport import Delivery, Receive, Subscribed, Subscription

_log = logging.getLogger("fastapi_chassis.messaging.memory")


@dataclass(frozen=True, slots=True)
class DeadMessage:
    """A message that a group gave up.

    Args:
        envelope: the message.
        group: who gave it up.
        reason: why.
        attempts: how often it was tried.
    """

    envelope: Envelope
    group: str
    reason: str
    attempts: int


type Bury = Callable[[DeadMessage], None]


class InMemoryTransport:
    """Carries messages within the process.

    `publish` returns when every group has acknowledged each message or given it up. So nothing is lost with
    the process where the outbox is a database: what was not settled is still a row.

    A destination that no group has subscribed to accepts messages and drops them. A group outlives its
    members: its messages wait for the next one.

    Args:
        redelivery_delay: how long a message waits whose `receive` raised.
        keep_dead: how many dead messages are kept: the newest.
    """

    system: Final = "memory"  # as metrics name it

    def __init__(
        self, *, redelivery_delay: timedelta = timedelta(milliseconds=100), keep_dead: int = 1_000
    ) -> None:
        self._redelivery_delay = redelivery_delay
        self._groups: dict[str, _Group] = {}
        self._dead: deque[DeadMessage] = deque(maxlen=keep_dead)
        self._unsettled: set[asyncio.Future[None]] = set()

    @property
    def dead_letters(self) -> tuple[DeadMessage, ...]:
        """The messages that were given up, oldest first."""
        return tuple(self._dead)

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Hands a batch to its groups and waits until they are done; cancelled, it takes back what waits."""
        settled = [
            self._hand(envelope, group)
            for envelope in envelopes
            for group in self._groups.values()
            if envelope.destination in group.destinations
        ]
        for group in self._groups.values():
            group.give()
        await asyncio.gather(*settled)

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        """Joins a group, which begins with the messages that are published from now on."""
        group = self._groups.setdefault(subscription.group, _Group(subscription.group, self._dead.append))
        member = _Member(group, subscription, receive, self._redelivery_delay)
        group.join(member)
        return member

    async def settled(self) -> None:
        """Returns when no message waits, is being handled, or will come again."""
        while self._unsettled:
            await asyncio.wait(self._unsettled)

    def _hand(self, envelope: Envelope, group: "_Group") -> asyncio.Future[None]:
        settled = asyncio.get_running_loop().create_future()
        self._unsettled.add(settled)
        settled.add_done_callback(self._unsettled.discard)
        group.lanes.put(Copy(envelope, settled))
        return settled


class _Group:
    """Its members share its messages."""

    def __init__(self, name: str, bury: Bury) -> None:
        self.lanes = Lanes()
        self.destinations: set[str] = set()
        self._name = name
        self._bury = bury
        self._members: list[_Member] = []

    def join(self, member: "_Member") -> None:
        self._members.append(member)
        self.destinations |= member.destinations
        self.give()

    def leave(self, member: "_Member") -> None:
        if member in self._members:
            self._members.remove(member)

    def give(self) -> None:
        """Gives what is ready to those who have room."""
        self.lanes.give(self._take, lambda: any(member.has_room for member in self._members))

    def end(self, copy: Copy, outcome: Outcome) -> None:
        """Acts on what a member says of a message."""
        match outcome:
            case Retry(delay=delay):
                copy.attempt += 1
                asyncio.get_running_loop().call_later(max(0.0, delay.total_seconds()), self._again, copy)
            case DeadLetter(reason=reason):
                self._bury(DeadMessage(copy.envelope, self._name, reason, copy.attempt))
                self.lanes.done(copy)
            case Ack():
                self.lanes.done(copy)
        self.give()

    def _again(self, copy: Copy) -> None:
        self.lanes.again(copy)
        self.give()

    def _take(self, copy: Copy) -> bool:
        wanted = copy.envelope.destination
        free = [one for one in self._members if one.has_room and wanted in one.destinations]
        if free:
            min(free, key=lambda member: member.load).take(copy)
        return bool(free)


class _Member:
    """A running subscription."""

    def __init__(
        self, group: _Group, subscription: Subscription, receive: Receive, redelivery_delay: timedelta
    ) -> None:
        self.destinations = subscription.destinations
        self._group = group
        self._room = subscription.concurrency
        self._receive = receive
        self._redelivery_delay = redelivery_delay
        self._running: set[asyncio.Task[None]] = set()
        self._context = contextvars.copy_context()

    @property
    def load(self) -> int:
        """How many messages it handles just now."""
        return len(self._running)

    @property
    def has_room(self) -> bool:
        """Whether it can take one more."""
        return len(self._running) < self._room

    def take(self, copy: Copy) -> None:
        """Begins to handle a message, in the context of its subscription and not in that of the sender."""
        task = asyncio.create_task(self._handle(copy), context=self._context.copy())
        self._running.add(task)

    async def stop(self) -> None:
        """Takes no more and waits for what it has; cancelled, it gives that back unsettled."""
        self._group.leave(self)
        try:
            while self._running:
                await asyncio.wait(self._running)
        finally:
            for task in self._running:
                task.cancel()

    async def _handle(self, copy: Copy) -> None:
        outcome: Outcome = Retry(timedelta(0), "was interrupted")
        try:
            outcome = await self._receive(Delivery(copy.envelope, copy.attempt))
        except Exception:  # noqa: BLE001 - counts as Retry
            _log.exception("receiving %s failed; it comes again", copy.envelope.id)
            outcome = Retry(self._redelivery_delay, "receiving failed")
        finally:
            task = asyncio.current_task()
            if task is not None:
                self._running.discard(task)
            self._group.end(copy, outcome)
