"""Lanes: the messages of one consumer group in memory, those of one key behind each other."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from fastapi_chassis.messaging.envelope import Envelope


@dataclass(slots=True, eq=False)
class Copy:
    """What one group gets of a message.

    Args:
        envelope: the message.
        settled: done when the group is done with it; cancelled when the sender takes it back.
        attempt: which attempt comes next, from 1.
    """

    envelope: Envelope
    settled: asyncio.Future[None]
    attempt: int = 1


class Lanes:
    """Gives out the first message of each key; the next one when the first is done."""

    def __init__(self) -> None:
        self._lanes: dict[str, deque[Copy]] = {}
        self._ready: deque[str] = deque()

    def put(self, copy: Copy) -> None:
        """Adds a message behind those of its key."""
        key = copy.envelope.key
        if key not in self._lanes:
            self._lanes[key] = deque()
            self._ready.append(key)
        self._lanes[key].append(copy)

    def give(self, take: Callable[[Copy], bool], has_room: Callable[[], bool]) -> None:
        """Offers what is ready, in order, while there is room; what `take` refuses stays ready."""
        refused: deque[str] = deque()
        while self._ready and has_room():
            key = self._ready.popleft()
            first = self._first(key)
            if first is not None and not take(first):
                refused.append(key)
        self._ready.extendleft(reversed(refused))

    def again(self, copy: Copy) -> None:
        """Makes a message ready for another attempt."""
        self._ready.append(copy.envelope.key)

    def done(self, copy: Copy) -> None:
        """Removes a message that was given out, and makes the next one of its key ready."""
        key = copy.envelope.key
        self._lanes[key].popleft()
        if not copy.settled.done():
            copy.settled.set_result(None)
        if self._first(key) is not None:
            self._ready.append(key)

    def _first(self, key: str) -> Copy | None:
        """Returns the first message of a key that its sender has not taken back."""
        lane = self._lanes[key]
        while lane and lane[0].settled.cancelled():
            lane.popleft()
        if lane:
            return lane[0]
        del self._lanes[key]
        return None
