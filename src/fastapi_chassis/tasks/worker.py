"""TaskWorker: does the work of one attempt, and says what becomes of the request."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta

from pydantic_core import to_json

from fastapi_chassis.domain import Finding, ValidationException, WiringError
from fastapi_chassis.observability import redact_text
from fastapi_chassis.tasks.definition import Task
from fastapi_chassis.tasks.queue import Again, Attempt, Dead, Done, TaskOutcome

_log = logging.getLogger("fastapi_chassis.tasks")
_LONGEST_REASON = 8192

type Call = Callable[[Task[..., object], Mapping[str, object]], Awaitable[object]]


async def call_directly(task: Task[..., object], arguments: Mapping[str, object]) -> object:
    """Calls the function of a task with nothing but its arguments.

    A plain function runs in a thread, which goes on to its end even if its time is over.
    """
    if inspect.iscoroutinefunction(task.function):
        return await task.function(**arguments)
    return await asyncio.to_thread(task.function, **arguments)


class TaskWorker:
    """Runs attempts of the tasks that it knows; give it to `TaskQueue.work`.

    Args:
        tasks: what it can do.
        call: calls a task; whoever injects dependencies opens a message scope here.

    Raises:
        WiringError: two tasks have one name.
    """

    def __init__(self, tasks: Iterable[Task[..., object]], *, call: Call = call_directly) -> None:
        self._tasks: dict[str, Task[..., object]] = {}
        for each in tasks:
            if self._tasks.setdefault(each.name, each) is not each:
                raise WiringError(
                    Finding(f"two tasks are called {each.name}", remedy="name one: @task(name=...).")
                )
        self._call = call

    async def __call__(self, attempt: Attempt) -> TaskOutcome:
        """Makes one attempt."""
        task = self._tasks.get(attempt.request.name)
        if task is None:
            return Dead(f"no task is called {attempt.request.name}")
        timer = asyncio.timeout(task.timeout)
        try:
            arguments = task.arguments_of(attempt.request)
            async with timer:
                result = await self._call(task, arguments)
            return Done(to_json(result))
        except ValidationException as told:
            return Dead(_reason(told))
        except Exception as fault:  # noqa: BLE001 - whatever it is, the request finds its end
            reason = f"no end within {task.timeout:g} s" if timer.expired() else _reason(fault)
            is_last = attempt.number >= task.retry.attempts
            level = logging.ERROR if is_last else logging.WARNING
            _log.log(level, "attempt %d of %s failed", attempt.number, task.name, exc_info=fault)
            if is_last:
                return Dead(reason)
            return Again(timedelta(seconds=_pause(task, attempt, fault)), reason)


def _pause(task: Task[..., object], attempt: Attempt, fault: Exception) -> float:
    asked = getattr(fault, "retry_after", None)
    return task.retry.pause(attempt.number, at_least=asked or 0.0)


def _reason(fault: Exception) -> str:
    return redact_text(f"{type(fault).__name__}: {fault}"[: 2 * _LONGEST_REASON])[:_LONGEST_REASON]
