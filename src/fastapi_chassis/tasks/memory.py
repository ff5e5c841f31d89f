"""InMemoryTaskQueue: the memory twin of the task queue, whose requests end with the process."""

import asyncio
import contextlib
import functools
import heapq
import logging
from collections import OrderedDict
from datetime import datetime, timedelta
from uuid import UUID

from fastapi_chassis.domain import Clock, SystemClock
from fastapi_chassis.tasks.queue import (
    Again,
    Attempt,
    Dead,
    Done,
    Run,
    TaskOutcome,
    TaskRequest,
    TaskState,
    TaskStatusEnum,
)

_log = logging.getLogger("fastapi_chassis.tasks")
_TICK = 0.01  # seconds; a clock that is set by hand wakes nobody
_AFTER_A_FAULT = timedelta(seconds=1)


class InMemoryTaskQueue:
    """Keeps requests in this process.

    Args:
        clock: tells when a request may begin.
        max_settled: how many settled requests it remembers.
    """

    def __init__(self, *, clock: Clock | None = None, max_settled: int = 10_000) -> None:
        self._clock = clock or SystemClock()
        self._max_settled = max_settled
        self._waiting: list[tuple[datetime, int, Attempt]] = []
        self._entered = 0
        self._news = asyncio.Event()
        self._open: dict[UUID, TaskState] = {}
        self._settled: OrderedDict[UUID, TaskState] = OrderedDict()

    async def enqueue(self, *requests: TaskRequest) -> None:
        """Takes requests over."""
        for request in requests:
            self.put(Attempt(request), TaskState(TaskStatusEnum.QUEUED), request.not_before)

    async def work(self, run: Run, *, concurrency: int = 10) -> "InMemoryWorking":
        """Begins to hand attempts to `run`."""
        return InMemoryWorking(self, run, concurrency)

    async def state(self, request_id: UUID) -> TaskState | None:
        """Tells what became of a request."""
        return self._open.get(request_id) or self._settled.get(request_id)

    def put(self, attempt: Attempt, state: TaskState, due: datetime | None = None) -> None:
        """Lets an attempt wait until it is due."""
        self._open[attempt.request.id] = state
        self._entered += 1
        heapq.heappush(self._waiting, (due or self._clock.now(), self._entered, attempt))
        self._news.set()

    async def take(self) -> Attempt:
        """Waits for the attempt that is due first."""
        while not self._waiting or self._waiting[0][0] > self._clock.now():
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK if self._waiting else None):
                    await self._news.wait()
        attempt = heapq.heappop(self._waiting)[2]
        self._open[attempt.request.id] = TaskState(TaskStatusEnum.RUNNING, attempt.number)
        return attempt

    def settle(self, attempt: Attempt, outcome: TaskOutcome) -> None:
        """Does what the outcome of an attempt says."""
        match outcome:
            case Again(delay, reason):
                state = TaskState(TaskStatusEnum.QUEUED, attempt.number, reason=reason)
                self.put(Attempt(attempt.request, attempt.number + 1), state, self._clock.now() + delay)
            case Done(result):
                self._keep(attempt, TaskState(TaskStatusEnum.DONE, attempt.number, result))
            case Dead(reason):
                self._keep(attempt, TaskState(TaskStatusEnum.DEAD, attempt.number, reason=reason))

    def _keep(self, attempt: Attempt, state: TaskState) -> None:
        self._open.pop(attempt.request.id, None)
        self._settled[attempt.request.id] = state
        while len(self._settled) > self._max_settled:
            self._settled.popitem(last=False)


class InMemoryWorking:
    """A worker of this process.

    Args:
        queue: where attempts wait.
        run: does the work.
        concurrency: how many attempts may run at once.
    """

    def __init__(self, queue: InMemoryTaskQueue, run: Run, concurrency: int) -> None:
        self._queue = queue
        self._run = run
        self._places = asyncio.Semaphore(concurrency)
        self._attempts: set[asyncio.Future[TaskOutcome]] = set()
        self._taking = asyncio.create_task(self._take_forever(), name="tasks in memory")

    async def stop(self) -> None:
        """Begins nothing more, and waits for what it has begun."""
        self._taking.cancel()
        await asyncio.gather(self._taking, *self._attempts, return_exceptions=True)

    async def crash(self) -> None:
        """Ends in the middle of everything, as a killed process would; for tests."""
        for attempt in self._attempts:
            attempt.cancel()
        await self.stop()

    async def _take_forever(self) -> None:
        while True:
            await self._places.acquire()
            attempt = await self._queue.take()
            running = asyncio.ensure_future(self._run(attempt))
            self._attempts.add(running)
            running.add_done_callback(functools.partial(self._settle, attempt))

    def _settle(self, attempt: Attempt, running: asyncio.Future[TaskOutcome]) -> None:
        self._attempts.discard(running)
        self._places.release()
        if running.cancelled():
            outcome: TaskOutcome = Again(timedelta(0), "the worker ended in the middle")
        elif fault := running.exception():
            _log.error("the worker failed on %s", attempt.request.name, exc_info=fault)
            outcome = Again(_AFTER_A_FAULT, type(fault).__name__)
        else:
            outcome = running.result()
        self._queue.settle(attempt, outcome)
