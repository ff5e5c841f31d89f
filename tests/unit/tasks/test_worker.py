"""A worker makes one attempt, and says what becomes of the request."""

import asyncio
import threading
from collections.abc import Mapping
from datetime import timedelta

import pytest

from fastapi_chassis.domain import FrozenClock, UnavailableException, ValidationException, WiringError
from fastapi_chassis.resilience import Retry
from fastapi_chassis.tasks import (
    Again,
    Attempt,
    Dead,
    Done,
    InMemoryTaskQueue,
    Task,
    TaskRequest,
    TaskStatusEnum,
    TaskWorker,
    task,
)
from fastapi_chassis.testing import eventually

RETRY = Retry(attempts=3, base=1, cap=60)


@task(name="double")
async def double(number: int) -> int:
    return number * 2


@task(name="thread")
def thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@task(name="hang", timeout=0.01, retry=RETRY)
async def hang() -> None:
    await asyncio.Event().wait()


def failing(fault: Exception) -> Task[[], object]:
    async def fail() -> None:
        raise fault

    return task(name="fail", retry=RETRY)(fail)


async def test_what_it_returns_is_the_result() -> None:
    assert await TaskWorker([double])(Attempt(double.request(number=21))) == Done(b"42")


async def test_a_plain_function_runs_in_a_thread() -> None:
    assert await TaskWorker([thread])(Attempt(thread.request())) == Done(b"false")


async def test_an_attempt_that_takes_too_long_is_ended_and_tried_again() -> None:
    outcome = await asyncio.wait_for(TaskWorker([hang])(Attempt(hang.request())), 5)
    assert isinstance(outcome, Again)
    assert outcome.reason == "no end within 0.01 s"


async def test_failures_are_tried_again_with_a_growing_bound_and_then_set_aside() -> None:
    fail = failing(ConnectionError("redis://:hunter2@cache is away"))
    worker, request = TaskWorker([fail]), fail.request()
    outcomes = [await worker(Attempt(request, number)) for number in (1, 2, 3)]
    assert isinstance(outcomes[0], Again)
    assert isinstance(outcomes[1], Again)
    assert outcomes[0].delay <= timedelta(seconds=1)
    assert outcomes[1].delay <= timedelta(seconds=2)
    assert outcomes[2] == Dead("ConnectionError: redis://:***@cache is away")


async def test_it_waits_as_long_as_it_was_asked_to() -> None:
    outcome = await TaskWorker([failing(UnavailableException("x", retry_after=20))])(
        Attempt(TaskRequest(name="fail"))
    )
    assert isinstance(outcome, Again)
    assert timedelta(seconds=20) <= outcome.delay <= timedelta(seconds=21)


@pytest.mark.parametrize(
    "request_", [TaskRequest(name="nobody"), TaskRequest(name="double", payload=b'{"number": "x"}')]
)
async def test_what_can_never_be_done_is_set_aside_at_once(request_: TaskRequest) -> None:
    assert isinstance(await TaskWorker([double])(Attempt(request_)), Dead)


async def test_a_task_that_refuses_its_input_is_not_tried_again() -> None:
    outcome = await TaskWorker([failing(ValidationException("no such size"))])(
        Attempt(TaskRequest(name="fail"))
    )
    assert outcome == Dead("ValidationException: no such size")


async def test_a_result_that_cannot_be_written_is_a_failure() -> None:
    @task(name="odd", retry=Retry(attempts=1))
    async def odd() -> object:
        return object()

    assert isinstance(await TaskWorker([odd])(Attempt(odd.request())), Dead)


async def test_a_cancelled_worker_settles_nothing() -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(
            TaskWorker([slow := task(name="slow")(hang.function)])(Attempt(slow.request())), 0.01
        )


async def test_dependencies_come_from_whoever_calls() -> None:
    @task(name="greet")
    async def greet(name: str, greeting: str) -> str:
        return f"{greeting} {name}"

    async def call(called: Task[..., object], arguments: Mapping[str, object]) -> object:
        return await called.function(**arguments, greeting="hello")  # type: ignore[misc]  # it is async

    outcome = await TaskWorker([greet], call=call)(Attempt(greet.request(name="ann")))
    assert outcome == Done(b'"hello ann"')


def test_two_tasks_of_one_name_are_a_finding() -> None:
    with pytest.raises(WiringError, match="two tasks are called double"):
        TaskWorker([double, task(name="double")(double.function)])


async def test_queue_and_worker_together_retry_and_give_up() -> None:
    clock, calls = FrozenClock(), 0

    @task(name="flaky", retry=RETRY)
    async def flaky(succeeds_at: int) -> int:
        nonlocal calls
        calls += 1
        if calls < succeeds_at:
            raise ConnectionError
        return calls

    queue = InMemoryTaskQueue(clock=clock)
    working = await queue.work(TaskWorker([flaky]))

    async def end_of(request: TaskRequest) -> TaskStatusEnum | None:
        clock.advance(timedelta(seconds=1))
        state = await queue.state(request.id)
        return state.status if state and state.status in {TaskStatusEnum.DONE, TaskStatusEnum.DEAD} else None

    good, bad = flaky.request(succeeds_at=3), flaky.request(succeeds_at=99)
    await queue.enqueue(good)
    assert (await eventually(lambda: end_of(good)), calls) == (TaskStatusEnum.DONE, 3)
    await queue.enqueue(bad)
    assert (await eventually(lambda: end_of(bad)), calls) == (TaskStatusEnum.DEAD, 6)
    await working.stop()
