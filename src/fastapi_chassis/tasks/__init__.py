"""Background work: enter by @task; a TaskQueue carries requests to a TaskWorker."""

from fastapi_chassis.tasks.definition import Task, task
from fastapi_chassis.tasks.memory import InMemoryTaskQueue
from fastapi_chassis.tasks.queue import (
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
from fastapi_chassis.tasks.worker import Call, TaskWorker, call_directly

__all__ = (
    "Again",
    "Attempt",
    "Call",
    "Dead",
    "Done",
    "InMemoryTaskQueue",
    "Run",
    "Task",
    "TaskOutcome",
    "TaskQueue",
    "TaskRequest",
    "TaskState",
    "TaskStatusEnum",
    "TaskWorker",
    "Working",
    "call_directly",
    "task",
)
