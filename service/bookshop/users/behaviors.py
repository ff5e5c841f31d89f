"""What the messages of this feature pass besides the common behaviours."""

from dataclasses import replace

from fastapi_chassis.application import Step, current_context, use_context
from fastapi_chassis.domain import ConflictException, Message
from fastapi_chassis.resilience import Retry, RetryPolicy


def _is_conflict(fault: Exception) -> bool:
    return isinstance(fault, ConflictException)


# of parallel refreshes one rotates; the others look again and find what it left
retry_conflicts = RetryPolicy(Retry(attempts=5, base=0.01, cap=0.1), retries=_is_conflict)


async def remember_nothing(message: Message, next: Step, /) -> object:  # noqa: A002 - its name everywhere
    """Drops the Idempotency-Key: passwords and tokens are not kept to be answered again."""
    with use_context(replace(current_context(), idempotency_key=None)):
        return await next(message)
