"""What every task queue promises: work is done at least once, in its time, and its end is known."""

# ruff: noqa: D102 - a test says what it checks by its name

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from fastapi_chassis.domain import Clock, new_id
from fastapi_chassis.tasks import (
    Again,
    Attempt,
    Dead,
    Done,
    Run,
    TaskOutcome,
    TaskQueue,
    TaskRequest,
    TaskState,
    TaskStatusEnum,
    Working,
)
from fastapi_chassis.testing.waiting import eventually

type Pass = Callable[[timedelta], Awaitable[None]]
type Crash = Callable[[Working], Awaitable[None]]
type Employ = Callable[..., Awaitable[Working]]

DELAY = timedelta(seconds=1)
PATIENCE = 20.0


class Recorder:
    """Does the work of a worker, and keeps what it was given.

    Args:
        outcomes: what the attempts come to; done, when there are no more.
    """

    def __init__(self, *outcomes: TaskOutcome | Exception) -> None:
        self.attempts: list[Attempt] = []
        self.going = asyncio.Event()
        self.going.set()
        self.running = self.most_running = 0
        self._outcomes = list(outcomes)

    async def __call__(self, attempt: Attempt) -> TaskOutcome:
        """Makes one attempt."""
        self.attempts.append(attempt)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self.going.wait()
        finally:
            self.running -= 1
        outcome = self._outcomes.pop(0) if self._outcomes else Done()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    @property
    def numbers(self) -> list[int]:
        """The numbers of the attempts."""
        return [attempt.number for attempt in self.attempts]

    async def attempted(self, times: int) -> None:
        """Waits for so many attempts."""
        await eventually(lambda: len(self.attempts) >= times)


class TaskQueueContract:
    """Derive, and supply fixtures: `queue`, `clock`, `time_passes` and `crash`, which kills a worker."""

    @pytest.fixture
    async def employ(self, queue: TaskQueue) -> AsyncIterator[Employ]:
        async with AsyncExitStack() as stack:

            async def employed(run: Run, **options: int) -> Working:
                working = await queue.work(run, **options)
                stack.push_async_callback(working.stop)
                return working

            yield employed

    @staticmethod
    async def status(queue: TaskQueue, request: TaskRequest) -> TaskStatusEnum | None:
        state = await queue.state(request.id)
        return state.status if state else None

    async def ended(self, queue: TaskQueue, request: TaskRequest) -> TaskState:
        async def final() -> TaskState | None:
            state = await queue.state(request.id)
            return state if state and state.status in {TaskStatusEnum.DONE, TaskStatusEnum.DEAD} else None

        return await eventually(final)

    async def test_a_request_arrives_as_it_was_made(self, queue: TaskQueue, employ: Employ) -> None:
        request = TaskRequest(
            name="photos.resize", payload=b'{"a": "\xc3\xa9\\u0000"}', headers={"correlationid": "c-1"}
        )
        run = Recorder()
        await employ(run)
        await queue.enqueue(request)
        await run.attempted(1)
        assert run.attempts == [Attempt(request, 1)]

    async def test_what_was_enqueued_before_any_worker_came_is_done(
        self, queue: TaskQueue, employ: Employ
    ) -> None:
        requests = [TaskRequest(name="t") for _ in range(20)]
        await queue.enqueue(*requests)
        assert await self.status(queue, requests[0]) is TaskStatusEnum.QUEUED
        run = Recorder()
        await employ(run)
        await run.attempted(20)
        assert {each.request.id for each in run.attempts} == {request.id for request in requests}

    async def test_its_result_and_end_are_known(self, queue: TaskQueue, employ: Employ) -> None:
        request, run = TaskRequest(name="t"), Recorder(Done(b'{"width": 7}'))
        await queue.enqueue(request)
        await employ(run)
        assert await self.ended(queue, request) == TaskState(TaskStatusEnum.DONE, 1, b'{"width": 7}')

    async def test_while_it_runs_it_is_running(self, queue: TaskQueue, employ: Employ) -> None:
        request, run = TaskRequest(name="t"), Recorder()
        run.going.clear()
        await employ(run)
        await queue.enqueue(request)
        await run.attempted(1)
        assert await self.status(queue, request) is TaskStatusEnum.RUNNING
        run.going.set()
        await self.ended(queue, request)

    async def test_an_unknown_request_has_no_state(self, queue: TaskQueue) -> None:
        assert await queue.state(new_id()) is None

    async def test_a_failure_is_tried_again_after_its_delay(
        self, queue: TaskQueue, employ: Employ, time_passes: Pass
    ) -> None:
        request, run = TaskRequest(name="t"), Recorder(Again(DELAY, "first"), Again(DELAY, "second"))
        await employ(run)
        await queue.enqueue(request)
        for failures, reason in enumerate(("first", "second"), start=1):
            await run.attempted(failures)
            await asyncio.sleep(0.03)
            assert await queue.state(request.id) == TaskState(TaskStatusEnum.QUEUED, failures, reason=reason)
            await time_passes(DELAY)
        assert await self.ended(queue, request) == TaskState(TaskStatusEnum.DONE, 3, b"null")
        assert run.numbers == [1, 2, 3]

    async def test_what_failed_for_good_is_set_aside(
        self, queue: TaskQueue, employ: Employ, time_passes: Pass
    ) -> None:
        request, run = TaskRequest(name="t"), Recorder(Dead("no hope"))
        await employ(run)
        await queue.enqueue(request)
        assert await self.ended(queue, request) == TaskState(TaskStatusEnum.DEAD, 1, reason="no hope")
        await time_passes(DELAY)
        await asyncio.sleep(0.03)
        assert run.numbers == [1]

    async def test_a_worker_that_raises_loses_nothing(
        self, queue: TaskQueue, employ: Employ, time_passes: Pass
    ) -> None:
        request, run = TaskRequest(name="t"), Recorder(LookupError("a fault"))
        await employ(run)
        await queue.enqueue(request)
        await run.attempted(1)
        await asyncio.sleep(0.03)
        await time_passes(DELAY)
        assert (await self.ended(queue, request)).status is TaskStatusEnum.DONE
        assert run.numbers == [1, 2]

    async def test_a_worker_that_dies_in_the_middle_loses_nothing(
        self, queue: TaskQueue, employ: Employ, time_passes: Pass, crash: Crash
    ) -> None:
        requests = [TaskRequest(name="t") for _ in range(8)]
        dying, living = Recorder(), Recorder()
        dying.going.clear()
        working = await queue.work(dying, concurrency=5)
        await queue.enqueue(*requests)
        await dying.attempted(5)
        await crash(working)
        await employ(living)
        await time_passes(DELAY)
        for request in requests:
            assert (await self.ended(queue, request)).status is TaskStatusEnum.DONE
        assert {each.request.id for each in living.attempts} == {request.id for request in requests}

    async def test_it_begins_not_before_its_time(
        self, queue: TaskQueue, employ: Employ, clock: Clock, time_passes: Pass
    ) -> None:
        later = TaskRequest(name="later", not_before=clock.now() + DELAY)
        at_once, past = TaskRequest(name="now"), TaskRequest(name="past", not_before=clock.now() - DELAY)
        run = Recorder()
        await employ(run)
        await queue.enqueue(later, at_once, past)
        await run.attempted(2)
        await asyncio.sleep(0.03)
        assert {each.request.name for each in run.attempts} == {"now", "past"}
        await time_passes(DELAY)
        await run.attempted(3)
        assert run.attempts[2].request.id == later.id

    async def test_only_so_many_run_at_once(self, queue: TaskQueue, employ: Employ) -> None:
        run = Recorder()
        run.going.clear()
        await employ(run, concurrency=3)
        await queue.enqueue(*(TaskRequest(name="t") for _ in range(10)))
        await run.attempted(3)
        await asyncio.sleep(0.03)
        assert run.running == 3
        run.going.set()
        await run.attempted(10)
        assert run.most_running == 3

    async def test_workers_share_the_work(self, queue: TaskQueue, employ: Employ) -> None:
        first, second = Recorder(), Recorder()
        for run in (first, second):
            run.going.clear()
            await employ(run, concurrency=1)
        await queue.enqueue(*(TaskRequest(name="t") for _ in range(4)))
        await first.attempted(1)
        await second.attempted(1)
        first.going.set()
        second.going.set()
        await eventually(lambda: len(first.attempts) + len(second.attempts) == 4)
        ids = [each.request.id for each in (*first.attempts, *second.attempts)]
        assert len(set(ids)) == 4

    async def test_stopping_waits_for_what_has_begun_and_begins_nothing_more(
        self, queue: TaskQueue, employ: Employ
    ) -> None:
        requests = [TaskRequest(name="t") for _ in range(3)]
        run = Recorder()
        run.going.clear()
        working = await queue.work(run, concurrency=1)
        await queue.enqueue(*requests)
        await run.attempted(1)
        stopping = asyncio.ensure_future(working.stop())
        await asyncio.sleep(0.03)
        assert not stopping.done()
        run.going.set()
        await asyncio.wait_for(stopping, PATIENCE)
        assert len(run.attempts) == 1
        assert await self.status(queue, run.attempts[0].request) is TaskStatusEnum.DONE
        successor = Recorder()
        await employ(successor)
        await successor.attempted(2)
