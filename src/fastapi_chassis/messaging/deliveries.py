"""Deliveries: what a group's member was given and has not settled, those of one key one behind the other."""

import asyncio
import contextvars
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from fastapi_chassis.messaging.envelope import Envelope
from fastapi_chassis.messaging.outcome import Ack, DeadLetter, Outcome, Retry
from fastapi_chassis.messaging.transport import Delivery, Receive

_log = logging.getLogger("fastapi_chassis.messaging.deliveries")


@dataclass(slots=True, eq=False)
class Held[Handle]:
    """A message that a broker has given, and waits to hear of.

    Args:
        envelope: the message.
        handle: what the broker knows it by.
        attempt: which attempt comes next, from 1.
        unreadable: why it is no message, if it is none.
    """

    envelope: Envelope
    handle: Handle
    attempt: int = 1
    unreadable: str = ""


class Deliveries[Handle]:
    """Hands messages to `receive`, several at once and never two of one key.

    One that shall come again waits here, and keeps those behind it of its key; others go on. So no broker has
    to know delays, and order holds through failures. What was not settled when the process dies is the
    broker's to give again.

    Args:
        receive: takes a delivery and says what becomes of it; an exception counts as Retry.
        settle: tells the broker of the end of a message: Ack, or DeadLetter once that is kept somewhere.
        concurrency: how many are handled at once.
        most: how many are held at once; the broker is not asked for more.
        redelivery_delay: how long one waits whose `receive` raised.
    """

    def __init__(
        self,
        receive: Receive,
        settle: Callable[[Held[Handle], Ack | DeadLetter], Awaitable[None]],
        *,
        concurrency: int,
        most: int = 1_000,
        redelivery_delay: timedelta = timedelta(milliseconds=100),
    ) -> None:
        self._receive, self._settle = receive, settle
        self._concurrency, self._most = concurrency, max(most, concurrency)
        self._redelivery_delay = redelivery_delay
        self._lanes: dict[str, deque[Held[Handle]]] = {}
        self._ready: deque[str] = deque()
        self._tasks: dict[asyncio.Task[None], Held[Handle]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._count = 0
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_stopped = False
        self._context = contextvars.copy_context()

    @property
    def room(self) -> int:
        """How many more may be put."""
        return max(0, self._most - self._count)

    async def wait_for_room(self) -> None:
        """Returns when one more may be put: until then the broker keeps what it has."""
        await self._has_room.wait()

    def put(self, held: Held[Handle]) -> None:
        """Takes a message, behind those of its key; whoever puts asks for room before."""
        key = held.envelope.key
        lane = self._lanes.get(key)
        if lane is None:
            self._lanes[key] = deque((held,))
            self._ready.append(key)
        else:
            lane.append(held)
        self._note(1)
        self._go_on()

    def forget(self, is_lost: Callable[[Held[Handle]], bool]) -> None:
        """Drops what is not being handled, where the broker gives it to somebody else, or again."""
        for key, lane in list(self._lanes.items()):
            running = [held for held in lane if held in self._tasks.values()]
            kept = [held for held in lane if held in running or not is_lost(held)]
            first = lane[0]
            self._note(len(kept) - len(lane))
            self._lanes[key] = deque(kept)
            if not kept:
                self._end(key)
            elif kept[0] is not first and (timer := self._timers.pop(key, None)) is not None:
                timer.cancel()  # it was the dropped one's to wait
                self._ready.append(key)
        self._go_on()

    async def finished(self, matters: Callable[[Held[Handle]], bool] = lambda _: True) -> None:
        """Returns when none of those that matter is being handled any more."""
        while running := [task for task, held in self._tasks.items() if matters(held)]:
            await asyncio.wait(running)

    async def stop(self) -> None:
        """Begins nothing more and waits for what is being handled; cancelled, it gives that up unsettled."""
        self._is_stopped = True
        for timer in self._timers.values():
            timer.cancel()
        try:
            await self.finished()
        finally:
            for task in self._tasks:
                task.cancel()

    def _go_on(self) -> None:
        while self._ready and len(self._tasks) < self._concurrency and not self._is_stopped:
            held = self._lanes[self._ready.popleft()][0]
            task = asyncio.create_task(self._handle(held), context=self._context.copy())
            self._tasks[task] = held
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        self._go_on()

    async def _handle(self, held: Held[Handle]) -> None:
        try:
            outcome: Outcome = await self._receive(Delivery(held.envelope, held.attempt, held.unreadable))
        except Exception:  # noqa: BLE001 - counts as Retry
            _log.exception("receiving %s failed; it comes again", held.envelope.id)
            outcome = Retry(self._redelivery_delay, "receiving failed")
        if not isinstance(outcome, Retry):
            try:
                await self._settle(held, outcome)
            except Exception as fault:  # noqa: BLE001 - the broker gives it again, to us or to another member
                _log.warning("%s could not be settled, and may come again: %r", held.envelope.id, fault)
            self._remove(held)
            return
        held.attempt += 1
        key, delay = held.envelope.key, max(0.0, outcome.delay.total_seconds())
        self._timers[key] = asyncio.get_running_loop().call_later(delay, self._again, key)

    def _again(self, key: str) -> None:
        self._timers.pop(key, None)
        if key in self._lanes:
            self._ready.append(key)
            self._go_on()

    def _remove(self, held: Held[Handle]) -> None:
        key = held.envelope.key
        self._lanes[key].popleft()
        self._note(-1)
        if self._lanes[key]:
            self._ready.append(key)
        else:
            del self._lanes[key]  # it was being handled: neither ready nor waiting

    def _end(self, key: str) -> None:
        """Drops a lane that is ready, that waits, or whose handler was cancelled."""
        del self._lanes[key]
        if (timer := self._timers.pop(key, None)) is not None:
            timer.cancel()
        elif key in self._ready:
            self._ready.remove(key)

    def _note(self, change: int) -> None:
        self._count += change
        if self._count < self._most:
            self._has_room.set()
        else:
            self._has_room.clear()
