"""Outage: something is away; says so once, spaces the attempts, and says when it is back."""

import logging
from time import monotonic

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging.backoff import full_jitter
from fastapi_chassis.messaging.config import RetryConfig

_log = logging.getLogger("fastapi_chassis.messaging")


class Outage:
    """Follows one thing that may be away.

    Args:
        what: names it in the log.
        retry: the waits between attempts.
    """

    def __init__(self, what: str, retry: RetryConfig) -> None:
        self._what = what
        self._retry = retry
        self._failures = 0
        self._until = 0.0
        self.unexpected = False

    @property
    def present(self) -> bool:
        """Whether the last attempt failed."""
        return self._failures > 0

    @property
    def left(self) -> float:
        """Seconds until another attempt makes sense."""
        return max(0.0, self._until - monotonic()) if self._failures else 0.0

    def failed(self, fault: Exception) -> None:
        """Notes a failure; an unexpected one is logged with its trace."""
        first, self._failures = self._failures == 0, self._failures + 1
        known = isinstance(fault, UnavailableException)
        if not known and not self.unexpected:
            _log.error("%s failed unexpectedly; it is tried again", self._what, exc_info=fault)
        elif first:
            _log.warning("%s is away and is tried again: %s", self._what, fault)
        self.unexpected = not known
        asked = fault.retry_after if isinstance(fault, UnavailableException) else None
        self._until = (
            monotonic()
            + full_jitter(
                self._retry, self._failures, at_least=min(asked or 0.0, self._retry.cap)
            ).total_seconds()
        )

    def healed(self) -> None:
        """Notes a success."""
        if self._failures:
            _log.info("%s is back after %d failed attempts", self._what, self._failures)
            self._failures = 0
            self.unexpected = False
