"""RedisClaimCheckStore: large payloads as values with an end, below a prefix that services share."""

import re
from datetime import timedelta
from typing import cast

from fastapi_chassis.domain import new_id
from fastapi_chassis.plugins.redis.commands import milliseconds
from fastapi_chassis.plugins.redis.connection import RedisConnection

_is_name = re.compile(r"[0-9a-f]{32}", re.ASCII).fullmatch


class RedisClaimCheckStore:
    """Keeps payloads on the server, which forgets them when their time is over.

    They are as safe as its disk and its policy of eviction make them: see the page of the plugin.

    Args:
        connection: carries commands while it is open.
    """

    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection
        self._prefix = connection.config.claim_checks.prefix

    async def put(self, payload: bytes, keep: timedelta) -> str:
        """Keeps a payload.

        Raises:
            UnavailableException: the server is away, or full.
        """
        name = new_id().hex
        await self._connection.run("SET", self._key(name), payload, "PX", milliseconds(keep), again=True)
        return name

    async def get(self, name: str) -> bytes | None:
        """Returns a payload.

        Raises:
            UnavailableException: the server is away.
        """
        if not _is_name(name):
            return None
        return cast("bytes | None", await self._connection.run("GET", self._key(name), again=True))

    async def purge(self, *, limit: int) -> int:
        """Returns 0: the server removes them by itself."""
        del limit
        return 0

    def _key(self, name: str) -> bytes:
        return f"{self._prefix}{name}".encode()
