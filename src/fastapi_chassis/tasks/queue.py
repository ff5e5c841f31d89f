"""TaskQueue: the port to work that is done later, at least once, by whichever worker is free."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from fastapi_chassis.domain import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequest:
    """Work that is to be done.

    Args:
        name: of the task.
        payload: its arguments, encoded once.
        id: identifies this request.
        not_before: when it may begin; at once if nothing is said.
        headers: what goes along: correlation, trace, tenant.
    """

    name: str
    payload: bytes = b"{}"
    id: UUID = field(default_factory=new_id)
    not_before: datetime | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to do what was requested.

    Args:
        request: the work.
        number: counts from 1.
    """

    request: TaskRequest
    number: int = 1


@dataclass(frozen=True, slots=True)
class Done:
    """The work is done.

    Args:
        result: what came of it, encoded.
    """

    result: bytes = b"null"


@dataclass(frozen=True, slots=True)
class Again:
    """The work failed and shall be tried again.

    Args:
        delay: how long to wait before.
        reason: why it failed; no secrets.
    """

    delay: timedelta
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Dead:
    """The work failed for good and is set aside.

    Args:
        reason: why; no secrets.
    """

    reason: str


type TaskOutcome = Done | Again | Dead
type Run = Callable[[Attempt], Awaitable[TaskOutcome]]


class TaskStatusEnum(StrEnum):
    """How far a request has come."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class TaskState:
    """What is known of a request.

    Args:
        status: how far it has come.
        attempts: how often it was begun.
        result: what came of it, once it is done.
        reason: why its last attempt failed.
    """

    status: TaskStatusEnum
    attempts: int = 0
    result: bytes | None = None
    reason: str = ""


class Working(Protocol):
    """A running worker."""

    async def stop(self) -> None:
        """Begins nothing more, and returns when everything that it has begun is settled."""
        ...


class TaskQueue(Protocol):
    """Keeps requests until a worker has settled them."""

    async def enqueue(self, *requests: TaskRequest) -> None:
        """Takes requests over; when this returns they will be done, even if this process dies.

        Raises:
            UnavailableException: the queue is away, and has taken none.
        """
        ...

    async def work(self, run: Run, *, concurrency: int = 10) -> Working:
        """Begins to hand attempts to `run` and acts on its outcome.

        A worker that dies, and a `run` that raises, leave the request to another attempt.

        Args:
            run: does the work.
            concurrency: how many attempts may run at once.
        """
        ...

    async def state(self, request_id: UUID) -> TaskState | None:
        """Tells what became of a request; None if it isn't known, or was settled long ago."""
        ...
