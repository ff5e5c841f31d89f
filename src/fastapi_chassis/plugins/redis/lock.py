"""RedisLock: names that one worker of many processes may hold, on the server's clock."""

from datetime import timedelta
from typing import cast

from fastapi_chassis.plugins.redis.client import RedisClient
from fastapi_chassis.plugins.redis.commands import milliseconds
from fastapi_chassis.plugins.redis.script import shipped_script

_FENCE_IS_KEPT = timedelta(days=1)  # beyond the lock; after that the server's clock alone makes it grow


class RedisLock:
    """Lends names; while the server is away nobody gets one, and every verb raises UnavailableException.

    Args:
        client: where they are held.
    """

    def __init__(self, client: RedisClient) -> None:
        self._client = client
        self._acquire = shipped_script("lock_acquire")
        self._renew = shipped_script("lock_renew")
        self._release = shipped_script("lock_release")

    async def acquire(self, name: str, *, ttl: timedelta) -> int | None:
        """Takes a name, if it is free."""
        args = (milliseconds(ttl), milliseconds(ttl + _FENCE_IS_KEPT))
        token = await self._client.run(self._acquire, keys=(_holder(name), _fence(name)), args=args)
        return int(cast("bytes", token)) if token is not None else None

    async def renew(self, name: str, token: int, *, ttl: timedelta) -> bool:
        """Holds on to a name."""
        args = (token, milliseconds(ttl))
        return bool(await self._client.run(self._renew, keys=(_holder(name),), args=args))

    async def release(self, name: str, token: int) -> bool:
        """Gives a name back."""
        return bool(await self._client.run(self._release, keys=(_holder(name),), args=(token,)))


def _holder(name: str) -> str:
    # in a cluster the part in braces puts a name's keys on one node
    return f"lock{{:{name}}}"


def _fence(name: str) -> str:
    return f"fence{{:{name}}}"
