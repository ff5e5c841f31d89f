"""The memory twin of the rate limiter, for development, tests and a single process."""

from collections import OrderedDict
from datetime import UTC, datetime, timedelta

from fastapi_chassis.domain import Clock, SystemClock
from fastapi_chassis.resilience.rate_limit import Decision, RateLimit

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class InMemoryRateLimiter:
    """Counts the calls of this process (GCRA), and forgets the key that was not asked for longest.

    Args:
        clock: tells the time.
        max_keys: how many keys are kept at most.
    """

    def __init__(self, *, clock: Clock | None = None, max_keys: int = 100_000) -> None:
        self._clock = clock or SystemClock()
        self._max_keys = max_keys
        self._even_at: OrderedDict[str, int] = OrderedDict()  # when calls will be back in the even flow

    def __len__(self) -> int:
        """Returns how many keys are kept."""
        return len(self._even_at)

    async def take(self, key: str, limit: RateLimit, *, cost: int = 1) -> Decision:
        """Counts a call if it passes."""
        cost = limit.checked(cost)
        now = (self._clock.now() - _EPOCH) // _MICROSECOND
        most = limit.at_once * limit.interval
        # more than most stands there only after a change of the limit or of the clock
        ahead = min(max(self._even_at.get(key, now) - now, 0), most)
        after = ahead + cost * limit.interval
        if after > most:
            if key in self._even_at:
                self._even_at.move_to_end(key)
            return Decision.of(limit, allowed=False, ahead=ahead, cost=cost)
        if cost:
            self._keep(key, now + after, now)
        return Decision.of(limit, allowed=True, ahead=after, cost=cost)

    async def forget(self, key: str) -> None:
        """Begins to count anew."""
        self._even_at.pop(key, None)

    def _keep(self, key: str, even_at: int, now: int) -> None:
        kept = self._even_at
        kept[key] = even_at
        kept.move_to_end(key)
        while len(kept) > self._max_keys or kept[next(iter(kept))] <= now:
            kept.popitem(last=False)
