"""Redis, as the transport's contract wants a broker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import cast

from fastapi_chassis.domain import UnavailableException, new_id
from fastapi_chassis.messaging import Envelope
from fastapi_chassis.plugins.redis import RedisConfig, RedisConnection, RedisTransport, open_redis
from fastapi_chassis.plugins.redis.message import REASON, Entry, entries_in, envelope_in
from fastapi_chassis.plugins.redis.topology import Streams


class RedisBroker:
    def __init__(self, publishing: RedisConnection, consuming: RedisConnection) -> None:
        self.publishing, self.consuming = publishing, consuming
        self.streams = Streams(publishing)
        self.transport = RedisTransport(publishing, consuming)

    async def dead_letters(self, group: str) -> list[tuple[Envelope, str]]:
        return [(envelope_in(one.fields), one.fields[REASON].decode()) for one in await self.dead(group)]

    async def dead(self, group: str) -> list[Entry]:
        """What a group has set aside, messages or not."""
        return entries_in(await self.publishing.run("XRANGE", self.streams.dead(group), "-", "+"))

    async def length(self) -> int:
        """How many messages lie in all streams."""
        names = [self.streams.stream(number) for number in range(await self.streams.count())]
        return sum([cast("int", await self.publishing.run("XLEN", name)) for name in names])


@asynccontextmanager
async def broker_at(url: str, *, prefix: str = "", **settings: object) -> AsyncIterator[RedisBroker]:
    """Opens a transport.

    Args:
        url: of the server.
        prefix: of the streams; without one they are this block's alone, and removed at its end.
        settings: of the streams; `server` is the section itself.
    """
    server = cast("dict[str, object]", settings.pop("server", {}))
    streams = {"enabled": True, "prefix": prefix or f"test:{new_id().hex}:", **settings}
    config = RedisConfig.model_validate({"url": url, **server, "streams": streams})
    publishing, consuming = RedisConnection(config), RedisConnection(config)
    async with open_redis(publishing), open_redis(consuming):
        broker = RedisBroker(publishing, consuming)
        try:
            yield broker
        finally:
            await broker.transport.aclose()
            if not prefix:
                await _cleared(publishing, config.streams.prefix)


async def _cleared(connection: RedisConnection, prefix: str) -> None:
    with suppress(UnavailableException):  # a test may leave its connections broken
        for key in [key async for key in connection.scan(f"{prefix}*".encode(), 500)]:
            await connection.run("UNLINK", key)
