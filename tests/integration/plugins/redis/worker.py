"""A process of its own for tests, `python worker.py load|hold URL PREFIX`, which says what it does."""

import asyncio
import sys
from datetime import timedelta

from fastapi_chassis.caching import LockLostException, ReadThroughCache, cached, hold
from fastapi_chassis.plugins.redis import (
    RedisCache,
    RedisClient,
    RedisConfig,
    RedisConnection,
    RedisLock,
    Script,
    open_redis,
)

CALLERS = 500

# a store that remembers the greatest token it has seen, and refuses smaller ones
WRITE = Script(
    "write",
    """
    if tonumber(redis.call('HGET', KEYS[1], 'token') or '0') > tonumber(ARGV[1]) then return 0 end
    redis.call('HSET', KEYS[1], 'token', ARGV[1], 'by', ARGV[2])
    return 1
    """,
)


@cached("report:{number}", ttl=60, tags=("reports",))
async def report(number: int, client: RedisClient) -> list[int]:
    await client.increment("loads")
    await asyncio.sleep(0.3)
    return [number]


async def load(client: RedisClient) -> None:
    values = ReadThroughCache(RedisCache(client), RedisLock(client))
    while not await client.exists("go"):
        await asyncio.sleep(0.001)
    found = await asyncio.gather(*(report(7, client, cached_values=values) for _ in range(CALLERS)))
    print("right" if found == [[7]] * CALLERS else "wrong", flush=True)


async def keep(client: RedisClient) -> None:
    try:
        async with hold(RedisLock(client), "stock", ttl=timedelta(seconds=1)) as held:
            print(f"holds {held.token}", flush=True)
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
            await asyncio.sleep(0)
            print(f"wrote {await client.run(WRITE, keys=('stock',), args=(held.token, 'late'))}", flush=True)
            await asyncio.sleep(60)
    except LockLostException:
        print("lost", flush=True)


async def main(role: str, url: str, prefix: str) -> None:
    async with open_redis(
        RedisConnection(RedisConfig.model_validate({"url": url, "prefix": prefix}))
    ) as connection:
        await {"load": load, "hold": keep}[role](RedisClient(connection))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
