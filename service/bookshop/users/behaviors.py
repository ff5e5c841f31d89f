"""What the messages of this feature pass besides the common behaviours."""

from fastapi_chassis.domain import ConflictException
from fastapi_chassis.resilience import Retry, RetryPolicy


def _is_conflict(fault: Exception) -> bool:
    return isinstance(fault, ConflictException)


# of parallel refreshes one rotates; the others look again and find what it left
retry_conflicts = RetryPolicy(Retry(attempts=5, base=0.01, cap=0.1), retries=_is_conflict)
