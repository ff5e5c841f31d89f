"""RedisRateLimiter: calls counted for every process together, on the server's clock."""

import asyncio
import logging
from typing import cast

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.redis.client import RedisClient
from fastapi_chassis.plugins.redis.script import shipped_script
from fastapi_chassis.resilience import (
    CircuitBreaker,
    CircuitOpenException,
    Decision,
    InMemoryRateLimiter,
    RateLimit,
)

_log = logging.getLogger("fastapi_chassis.redis")


class RedisRateLimiter:
    """Counts calls on the server, one step and one key for each.

    While the server is away or too slow, `on_failure: open` has each process count its own calls, and
    `closed` lets nobody pass: UnavailableException.

    Args:
        client: where calls are counted.
    """

    def __init__(self, client: RedisClient) -> None:
        config = client.connection.config.rate_limit
        self._client = client
        self._gcra = shipped_script("gcra")
        self._timeout = config.timeout
        self._own = InMemoryRateLimiter() if config.on_failure == "open" else None
        self._breaker = CircuitBreaker("redis", failures=config.failures, reset_after=config.retry_after)

    async def take(self, key: str, limit: RateLimit, *, cost: int = 1) -> Decision:
        """Counts a call if it passes."""
        cost = limit.checked(cost)
        try:
            allowed, ahead = await self._breaker((_name(key), limit, cost), self._counted)
        except UnavailableException as fault:
            if self._own is None:
                raise
            if not isinstance(fault, CircuitOpenException):
                _log.warning("each process counts calls for itself: %s", fault.message)
            return await self._own.take(key, limit, cost=cost)
        return Decision.of(limit, allowed=allowed, ahead=ahead, cost=cost)

    async def forget(self, key: str) -> None:
        """Begins to count anew."""
        if self._own is not None:
            await self._own.forget(key)
        await self._client.delete(_name(key))

    async def _counted(self, call: tuple[str, RateLimit, int]) -> tuple[bool, int]:
        key, limit, cost = call
        args = (limit.interval, limit.at_once, cost)
        try:
            async with asyncio.timeout(self._timeout):
                reply = await self._client.run(self._gcra, keys=(key,), args=args)
        except TimeoutError as late:
            raise UnavailableException("redis is too slow", retry_after=1) from late
        allowed, ahead = cast("list[int]", reply)
        return bool(allowed), ahead


def _name(key: str) -> str:
    return f"rate:{key}"
