"""Retry: another attempt after a pause, as long as there is hope, time and budget."""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from fastapi_chassis.resilience.deadline import time_left
from fastapi_chassis.resilience.policy import Next, is_transient

_log = logging.getLogger("fastapi_chassis.resilience")
_DOUBLINGS = 32  # more would only overflow


@dataclass(frozen=True, slots=True)
class Retry:
    """How often to try, and how long to wait in between.

    Args:
        attempts: all of them, the first included.
        base: seconds; the pause after the first failure is at most this long, and the bound doubles.
        cap: seconds; no pause is longer.
    """

    attempts: int = 3
    base: float = 0.1
    cap: float = 10.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.base < 0 or self.cap < self.base:
            raise ValueError("a retry has at least 1 attempt, and 0 <= base <= cap")

    def pause(self, failures: int, *, at_least: float = 0.0) -> float:
        """Draws a pause in seconds, with full jitter.

        Args:
            failures: how often it failed, from 1.
            at_least: seconds that the other side asked for.
        """
        bound = min(self.cap, self.base * 2 ** min(failures - 1, _DOUBLINGS))
        return at_least + random.uniform(0, bound)  # noqa: S311 - spreads load, hides nothing


class RetryBudget:
    """Keeps retries a small part of the traffic, so that they don't bury what is already in trouble.

    Args:
        ratio: retries per call.
        reserve: retries that are always allowed, for rare calls; also the most that can be saved up, tenfold.
    """

    def __init__(self, *, ratio: float = 0.1, reserve: float = 10.0) -> None:
        self._ratio = ratio
        self._most = reserve * 10
        self._saved = reserve

    def earn(self) -> None:
        """Counts a call."""
        self._saved = min(self._most, self._saved + self._ratio)

    def spend(self) -> bool:
        """Whether one more retry is allowed; counts it if so."""
        if self._saved < 1:
            return False
        self._saved -= 1
        return True


class RetryPolicy:
    """Tries again after failures that may pass.

    Args:
        retry: how often, and the pauses.
        retries: which failures may pass.
        budget: what retries may be spent on, shared by all calls to one place.
    """

    def __init__(
        self,
        retry: Retry,
        *,
        retries: Callable[[Exception], bool] = is_transient,
        budget: RetryBudget | None = None,
    ) -> None:
        self._retry = retry
        self._retries = retries
        self._budget = budget

    async def __call__[M, R](self, message: M, next: Next[M, R], /) -> R:  # noqa: A002 - its name everywhere
        """Awaits the rest until it succeeds, or raises its last failure."""
        if self._budget is not None:
            self._budget.earn()
        failures = 0
        while True:
            try:
                return await next(message)
            except Exception as fault:
                failures += 1
                pause = self._pause_after(fault, failures)
                if pause is None:
                    raise
                _log.info("attempt %d failed with %s, next in %.3f s", failures, type(fault).__name__, pause)
            await asyncio.sleep(pause)

    def _pause_after(self, fault: Exception, failures: int) -> float | None:
        if failures >= self._retry.attempts or not self._retries(fault):
            return None
        asked = getattr(fault, "retry_after", None) or 0.0
        if asked > self._retry.cap:
            return None
        pause = self._retry.pause(failures, at_least=asked)
        left = time_left()
        if left is not None and pause >= left:
            return None
        if self._budget is not None and not self._budget.spend():
            return None
        return pause
