"""verdict_on(): what becomes of a message whose handler failed; the one table from exception to outcome."""

import asyncio

from fastapi_chassis.config import masked_text
from fastapi_chassis.domain import (
    AlreadyExistsException,
    ForbiddenException,
    NotFoundException,
    RateLimitedException,
    TransientConflictException,
    UnauthenticatedException,
    UnavailableException,
    ValidationException,
)
from fastapi_chassis.messaging.backoff import full_jitter
from fastapi_chassis.messaging.config import MessagingConfig
from fastapi_chassis.messaging.outcome import DeadLetter, Retry
from fastapi_chassis.observability import error_type_of

MAX_REASON = 8 * 1024

# Another attempt would end in the same way.
HOPELESS = (
    ValidationException,
    NotFoundException,
    AlreadyExistsException,
    UnauthenticatedException,
    ForbiddenException,
)
# The message is not to blame, so the attempts are not counted: an outage must not fill the dead letters.
BLAMELESS = (UnavailableException, RateLimitedException, TransientConflictException)


def verdict_on(fault: BaseException, attempt: int, config: MessagingConfig) -> Retry | DeadLetter:
    """Judges a failure: what can't get better is set aside, everything else comes again, later each time.

    Args:
        fault: what the handler raised.
        attempt: which attempt it was, from 1.
        config: the bounds.
    """
    reason, error_type = reason_of(fault), error_type_of(fault)
    if isinstance(fault, HOPELESS):
        return DeadLetter(reason, error_type)
    if isinstance(fault, BLAMELESS):
        asked = min(getattr(fault, "retry_after", None) or 0.0, config.retry.cap)
        return Retry(full_jitter(config.retry, attempt, at_least=asked), reason, error_type)
    if attempt >= config.max_attempts:
        return DeadLetter(f"{attempt} attempts failed, the last with {reason}"[:MAX_REASON], error_type)
    return Retry(full_jitter(config.retry, attempt), reason, error_type)


def reason_of(fault: BaseException) -> str:
    """Writes a failure as text: its type and what it says, without passwords of URLs, at most 8 KiB."""
    text = str(fault)[: 2 * MAX_REASON]
    name = type(fault).__name__
    return cut(f"{name}: {masked_text(text)}" if text else name)


def cut(reason: str) -> str:
    """Keeps at most 8 KiB of a text."""
    return reason.encode(errors="replace")[:MAX_REASON].decode(errors="ignore")


def is_cancelled() -> bool:
    """Whether somebody cancels the task at hand; else a CancelledError came out of what it waited for."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0  # without a task, nobody can tell
