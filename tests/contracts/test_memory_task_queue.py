"""The memory twin of the task queue obeys the contract of every task queue."""

from datetime import timedelta

import pytest

from fastapi_chassis.domain import FrozenClock
from fastapi_chassis.tasks import InMemoryTaskQueue, TaskRequest
from fastapi_chassis.tasks.memory import InMemoryWorking
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.contracts.task_queue import Crash, Pass, Recorder, TaskQueueContract


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def queue(clock: FrozenClock) -> InMemoryTaskQueue:
    return InMemoryTaskQueue(clock=clock)


@pytest.fixture
def time_passes(clock: FrozenClock) -> Pass:
    async def passing(by: timedelta) -> None:
        clock.advance(by)

    return passing


@pytest.fixture
def crash() -> Crash:
    async def crashing(working: InMemoryWorking) -> None:
        await working.crash()

    return crashing


@pytest.mark.requirement("TST-1")
class TestTaskQueue(TaskQueueContract):
    pass


async def test_it_forgets_what_was_settled_longest_ago() -> None:
    queue, run = InMemoryTaskQueue(max_settled=2), Recorder()
    requests = [TaskRequest(name="t") for _ in range(3)]
    working = await queue.work(run, concurrency=1)
    await queue.enqueue(*requests)
    await eventually(lambda: len(run.attempts) == 3)
    await working.stop()
    states = [await queue.state(request.id) for request in requests]
    assert [state is None for state in states] == [True, False, False]
