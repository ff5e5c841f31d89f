"""Scheduler: moves what has come due into the outbox, each message once, however many do so."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from fastapi_chassis.application import AbstractUnitOfWork
from fastapi_chassis.domain import Clock, SystemClock
from fastapi_chassis.messaging.config import SchedulerConfig
from fastapi_chassis.messaging.outage import Outage
from fastapi_chassis.messaging.outbox import outbox_for
from fastapi_chassis.messaging.schedule import schedule_for
from fastapi_chassis.messaging.scheduled import time_of

_log = logging.getLogger("fastapi_chassis.messaging.scheduler")


class Scheduler:
    """Takes due messages out of the schedules and writes them into the outbox, in one transaction.

    Args:
        open_unit: makes a transaction of the store, not yet begun.
        config: batch and polling.
        clock: the time of day; the store's own counts, but for a clock that a test moves.
        wake: called when messages were moved; must not block. Usually `relay.wake`.
    """

    def __init__(
        self,
        open_unit: Callable[[], AbstractUnitOfWork],
        config: SchedulerConfig | None = None,
        *,
        clock: Clock | None = None,
        wake: Callable[[], None],
    ) -> None:
        self._open_unit = open_unit
        self._config = config or SchedulerConfig()
        self._clock = clock or SystemClock()
        self._wake_relay = wake
        self._signal = asyncio.Event()
        self._turn = asyncio.Lock()
        self._is_stopping = False
        self._outage = Outage("the store of schedules", self._config.retry)

    def wake(self) -> None:
        """Says that something was scheduled; cheap, and never blocks."""
        self._signal.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Scheduler"]:
        """Runs for the length of a block, and finishes its turn; one that is cut off has moved nothing."""
        self._is_stopping = False
        loop = asyncio.create_task(self._run(), name="scheduler")
        try:
            yield self
        finally:
            self._is_stopping = True
            self._signal.set()
            try:
                await asyncio.wait({loop}, timeout=self._config.stop_timeout)
            finally:
                loop.cancel()
            await asyncio.gather(loop, return_exceptions=True)

    async def move(self) -> int:
        """Moves everything that is due, and returns how many messages that were."""
        moved = 0
        while True:
            count, _ = await self._move_batch()
            moved += count
            if count < self._config.batch:
                return moved

    async def _run(self) -> None:
        while not self._is_stopping:
            self._signal.clear()
            try:
                moved, next_in = await self._move_batch()
            except Exception as fault:  # noqa: BLE001 - logged by the outage, and the loop goes on
                self._outage.failed(fault)
                await self._pause(timedelta(seconds=self._outage.left))
                continue
            self._outage.healed()
            if moved < self._config.batch:
                await self._pause(next_in)

    async def _move_batch(self) -> tuple[int, timedelta | None]:
        """Moves one batch: a process that dies before the commit has moved nothing."""
        async with self._turn, asyncio.timeout(self._config.timeout), self._open_unit() as unit_of_work:
            session = unit_of_work.session
            due = await schedule_for(session).take(limit=self._config.batch, now=time_of(self._clock))
            if due.envelopes:
                await outbox_for(session).add(due.envelopes)
                await unit_of_work.commit()
                _log.debug("%d scheduled messages are on their way", len(due.envelopes))
                self._wake_relay()
            return len(due.envelopes), due.next_in

    async def _pause(self, next_in: timedelta | None) -> None:
        """Waits until the next message is due; another process may schedule an earlier one unheard."""
        config = self._config
        seconds = config.poll if next_in is None else min(config.poll, next_in.total_seconds())
        if self._is_stopping:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, config.at_least)):
                await self._signal.wait()
