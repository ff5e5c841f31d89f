"""Subscribers: who is told of each change; one that fails or falls behind hurts no other."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

from fastapi_chassis.status.component import StatusChange

_log = logging.getLogger("fastapi_chassis.status")
_MOST_WAITING = 1000

type Subscriber = Callable[[StatusChange], object]


class Subscribers:
    """Those who want to know of changes, told in the order in which they came."""

    def __init__(self) -> None:
        self._subscribers: dict[object, Subscriber] = {}

    def add(self, subscriber: Subscriber) -> Callable[[], None]:
        """Adds one who is told; returns what takes it off the list again."""
        key = object()
        self._subscribers[key] = subscriber

        def leave() -> None:
            self._subscribers.pop(key, None)

        return leave

    def tell(self, change: StatusChange) -> None:
        """Tells everybody."""
        for subscriber in tuple(self._subscribers.values()):
            try:
                subscriber(change)
            except Exception:  # noqa: BLE001 - the others are told all the same
                _log.exception("a subscriber failed on the change of %s", change.component.name)

    async def stream(self) -> AsyncIterator[StatusChange]:
        """Yields each change from the first `anext` on; a reader far behind misses the oldest ones."""
        waiting: asyncio.Queue[StatusChange] = asyncio.Queue(_MOST_WAITING)

        def keep(change: StatusChange) -> None:
            if waiting.full():
                dropped = waiting.get_nowait()
                _log.warning("a reader is far behind and misses a change of %s", dropped.component.name)
            waiting.put_nowait(change)

        leave = self.add(keep)
        try:
            while True:
                yield await waiting.get()
        finally:
            leave()
