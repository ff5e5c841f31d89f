"""RateLimiter: the port to counting calls, so that nobody takes more than a rate allows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, Self

from fastapi_chassis.config import check_rate, read_rate
from fastapi_chassis.domain import RateLimitedException
from fastapi_chassis.resilience.policy import Next

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many calls pass in a time: some at once, and then one at every interval.

    Args:
        calls: how many.
        period: in which time.
        burst: how many may come at once, 0 for all of them; that many pass in addition to the even flow.

    Raises:
        ValueError: a rate or a burst that can't be kept.
    """

    calls: int
    period: timedelta
    burst: int = 0

    def __post_init__(self) -> None:
        check_rate(self.calls, self.period)
        if not 0 <= self.burst <= self.calls:
            raise ValueError(f"a burst is between 1 and {self.calls} calls, or 0 for all of them")

    @classmethod
    def of(cls, rate: str, *, burst: int = 0) -> Self:
        """Reads a rate as it is written in configuration: `100/min`."""
        calls, period = read_rate(rate)
        return cls(calls, period, burst)

    @property
    def at_once(self) -> int:
        """How many calls pass at once when none came before."""
        return self.burst or self.calls

    @property
    def interval(self) -> int:
        """Microseconds in which one call more may pass."""
        return self.period // _MICROSECOND // self.calls

    def checked(self, cost: int) -> int:
        """Returns a cost that can be paid at all.

        Raises:
            ValueError: it is below nothing, or more than ever passes at once.
        """
        if not 0 <= cost <= self.at_once:
            raise ValueError(f"a call costs between 0 and {self.at_once}, not {cost}")
        return cost


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a call passes, and what is left; times in seconds.

    Args:
        allowed: whether it passes.
        limit: the limit that was asked.
        remaining: how many more would pass at once.
        reset_after: until nothing is left of the calls before.
        retry_after: until this call would pass; 0 where it does.
    """

    allowed: bool
    limit: RateLimit
    remaining: int
    reset_after: float
    retry_after: float

    @classmethod
    def of(cls, limit: RateLimit, *, allowed: bool, ahead: int, cost: int) -> "Decision":
        """Makes a decision of how far calls are ahead of the even flow.

        Args:
            limit: what was asked.
            allowed: whether the call passes.
            ahead: microseconds, this call included if it passes.
            cost: of the call.
        """
        room = limit.at_once * limit.interval - ahead
        wait = 0 if allowed else cost * limit.interval - room
        return cls(allowed, limit, room // limit.interval, ahead / 1e6, wait / 1e6)


class RateLimiter(Protocol):
    """Counts calls by key; time is measured where the counts live, not where the calls are made."""

    async def take(self, key: str, limit: RateLimit, *, cost: int = 1) -> Decision:
        """Counts a call if it passes; one that does not pass costs nothing.

        Args:
            key: whose calls are counted together; each with one limit.
            limit: how many pass.
            cost: for how many it counts; 0 only looks.

        Raises:
            ValueError: the cost can never be paid.
        """
        ...

    async def forget(self, key: str) -> None:
        """Begins to count anew."""
        ...


class RateLimitPolicy:
    """Refuses calls beyond a limit.

    Args:
        limiter: counts.
        limit: how many pass.
        key: whose calls are counted together: a text, or made of the message.
    """

    def __init__(self, limiter: RateLimiter, limit: RateLimit, key: str | Callable[..., str]) -> None:
        self._limiter = limiter
        self._limit = limit
        self._key = key

    async def __call__[M, R](self, message: M, next: Next[M, R], /) -> R:  # noqa: A002 - its name everywhere
        """Awaits the rest, if the call passes.

        Raises:
            RateLimitedException: it does not.
        """
        key = self._key if isinstance(self._key, str) else self._key(message)
        decision = await self._limiter.take(key, self._limit)
        if not decision.allowed:
            raise RateLimitedException("too many calls", retry_after=decision.retry_after)
        return await next(message)
