"""CircuitBreaker: stops asking what keeps failing, and tries one call after a while."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.resilience.policy import Next, is_transient


class CircuitOpenException(UnavailableException):
    """The call was not made, because the ones before it kept failing."""

    error_code = "CIRCUIT_OPEN"


class CircuitStateEnum(StrEnum):
    """Whether calls pass."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class CircuitStats:
    """What a breaker has seen.

    Args:
        state: whether calls pass.
        failures: how many in a row failed.
        opened: how often it opened.
        refused: how many calls were not made.
    """

    state: CircuitStateEnum
    failures: int
    opened: int
    refused: int


class CircuitBreaker:
    """Opens after failures in a row, refuses calls for a while, then lets one through as a probe.

    Args:
        name: what is called, for the error.
        failures: how many in a row open it.
        reset_after: seconds until a probe.
        counts: which failures count; an answer such as "not found" is no failure of the other side.
        now: tells seconds that never go back.
    """

    def __init__(
        self,
        name: str,
        *,
        failures: int = 5,
        reset_after: float = 30.0,
        counts: Callable[[Exception], bool] = is_transient,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._most = failures
        self._reset_after = reset_after
        self._counts = counts
        self._now = now
        self._failures = self._times_opened = self._refused = 0
        self._probe_at: float | None = None
        self._is_probing = False

    async def __call__[M, R](self, message: M, next: Next[M, R], /) -> R:  # noqa: A002 - its name everywhere
        """Awaits the rest, unless the circuit is open.

        Raises:
            CircuitOpenException: the circuit is open, and the call was not made.
        """
        is_probe = self._enter()
        try:
            result = await next(message)
        except Exception as fault:
            if self._counts(fault):
                self._failed(is_probe=is_probe)
            else:
                self._succeeded(is_probe=is_probe)
            raise
        else:
            self._succeeded(is_probe=is_probe)
            return result
        finally:
            if is_probe:
                self._is_probing = False

    @property
    def state(self) -> CircuitStateEnum:
        """Whether calls pass."""
        if self._probe_at is None:
            return CircuitStateEnum.CLOSED
        is_due = self._is_probing or self._now() >= self._probe_at
        return CircuitStateEnum.HALF_OPEN if is_due else CircuitStateEnum.OPEN

    def stats(self) -> CircuitStats:
        """Tells what it has seen."""
        return CircuitStats(self.state, self._failures, self._times_opened, self._refused)

    def reset(self) -> None:
        """Closes the circuit, as if nothing had failed."""
        self._failures, self._probe_at = 0, None

    def _enter(self) -> bool:
        if self._probe_at is None:
            return False
        wait = self._probe_at - self._now()
        if wait > 0 or self._is_probing:
            self._refused += 1
            raise CircuitOpenException(f"{self._name} keeps failing", retry_after=max(wait, 0.0) or 1.0)
        self._is_probing = True
        return True

    def _failed(self, *, is_probe: bool) -> None:
        self._failures += 1
        if is_probe or (self._probe_at is None and self._failures >= self._most):
            self._probe_at = self._now() + self._reset_after
            self._times_opened += 1

    def _succeeded(self, *, is_probe: bool) -> None:
        # a call from before it opened says nothing of how things are now
        if is_probe or self._probe_at is None:
            self.reset()
