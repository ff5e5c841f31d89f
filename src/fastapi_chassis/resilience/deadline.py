"""Deadline: an end to waiting, which everything that is called meanwhile knows of and keeps."""

import asyncio
from dataclasses import replace

from fastapi_chassis.application import current_context, use_context
from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.resilience.policy import Next


class DeadlineExceededException(UnavailableException):
    """The answer didn't come in time."""

    error_code = "DEADLINE_EXCEEDED"


def time_left() -> float | None:
    """Returns the seconds until the deadline of the current message; None if it has none."""
    deadline = current_context().deadline
    return None if deadline is None else deadline - asyncio.get_running_loop().time()


class Deadline:
    """Ends a call after a time, or at the deadline of the current message if that is sooner.

    Args:
        seconds: how long the call may take.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def __call__[M, R](self, message: M, next: Next[M, R], /) -> R:  # noqa: A002 - its name everywhere
        """Awaits the rest until the deadline.

        Raises:
            DeadlineExceededException: the time is over.
        """
        context = current_context()
        own = asyncio.get_running_loop().time() + self._seconds
        deadline = own if context.deadline is None else min(own, context.deadline)
        timer = asyncio.timeout_at(deadline)
        try:
            with use_context(replace(context, deadline=deadline)):
                async with timer:
                    return await next(message)
        except TimeoutError as late:
            if timer.expired():
                raise DeadlineExceededException("the answer took too long") from late
            raise
