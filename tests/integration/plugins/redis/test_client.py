"""Every command on a real server: exact values, and nothing outside of the prefix."""

import asyncio
import inspect
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis.asyncio as redis

from fastapi_chassis.domain import new_id
from fastapi_chassis.plugins.redis import (
    RedisCache,
    RedisClient,
    RedisCommandError,
    RedisCommands,
    RedisLock,
    Script,
)
from fastapi_chassis.plugins.redis.testing import open_client
from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.contracts.cache import VALUES

pytestmark = pytest.mark.backends("valkey")

MINUTE = timedelta(minutes=1)
ECHO = Script("echo", "redis.call('SET', KEYS[1], ARGV[1]) return {KEYS[1], ARGV[1]}")


@pytest.mark.requirement("CCH-1")
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
async def test_values_come_back_as_what_they_were_from_every_kind_of_key(
    client: RedisClient, value: object
) -> None:
    await client.set("value", value)
    await client.hset("hash", {"field": value, "other": 1})
    await client.rpush("list", value, value)
    await client.sadd("set", value)
    found = [
        await client.get("value"),
        *await client.get_many("value"),
        await client.hget("hash", "field"),
        (await client.hgetall("hash"))["field"],
        *await client.lrange("list"),
        *await client.smembers("set"),
        *[one async for one in client.sscan("set")],
        await client.lpop("list", "missing"),
        await client.rpop("list", "missing"),
    ]
    assert [(repr(one), type(one)) for one in found] == [(repr(value), type(value))] * 10
    assert await client.sismember("set", value)


async def test_what_is_not_there_is_the_default(client: RedisClient) -> None:
    assert await client.get("none", "default") == "default"
    assert await client.get_many("none", "nothing") == [None, None]
    assert await client.hget("none", "field", "default") == "default"
    assert await client.hgetall("none") == {}
    assert await client.lpop("none", "default") == "default"
    assert await client.rpop("none", "default") == "default"
    assert await client.lrange("none") == []
    assert await client.smembers("none") == []
    assert await client.delete("none") == 0
    assert (await client.exists("none"), await client.expire("none", MINUTE)) == (False, False)


async def test_keys_are_set_expire_and_go(client: RedisClient) -> None:
    assert await client.set("key", 1, ttl=MINUTE)
    assert not await client.set("key", 2, only="absent")
    assert not await client.set("other", 2, only="present")
    left = await client.time_left("key")
    assert left is not None
    assert timedelta(0) < left <= MINUTE
    assert await client.persist("key")
    assert await client.time_left("key") is None
    assert await client.expire("key", MINUTE)
    assert await client.increment("key", 41) == 42
    assert await client.get("key") == 42
    assert await client.delete("key", "other") == 1
    assert not await client.exists("key")
    with pytest.raises(ValueError, match="more than no time"):
        await client.set("key", 1, ttl=timedelta(0))


async def test_hashes_lists_and_sets(client: RedisClient) -> None:
    assert await client.hset("hash", {"a": 1, "b": [2]}) == 2
    assert await client.hset("hash", {"a": 3}) == 0
    assert await client.hgetall("hash") == {"a": 3, "b": [2]}
    assert await client.hdel("hash", "a", "c") == 1
    assert await client.rpush("list", 1, 2, 3) == 3
    assert await client.lpush("list", 0) == 4
    assert await client.ltrim("list", 0, 2)
    assert (await client.lrange("list", 1), await client.llen("list")) == ([1, 2], 3)
    assert (await client.lpop("list"), await client.rpop("list")) == (0, 2)
    assert await client.sadd("set", "a", 1, "1") == 3
    assert await client.srem("set", 1, 2) == 1
    assert (await client.sismember("set", "1"), await client.sismember("set", 1)) == (True, False)
    assert await client.scard("set") == 2


@pytest.mark.requirement("CCH-1")
async def test_a_scan_finds_the_own_keys_only(valkey_url: str) -> None:
    async with open_client(valkey_url, prefix="a[b]*?\\:") as client, open_client(valkey_url) as other:
        await other.set("stranger", 1)
        assert [key async for key in client.scan()] == []
        for key in ("one", "two", "[three]"):
            await client.set(key, 1)
        assert sorted([key async for key in client.scan()]) == ["[three]", "one", "two"]
        assert [key async for key in client.scan("t*")] == ["two"]
        assert [key async for key in client.scan("\\[*")] == ["[three]"]


@pytest.mark.parametrize("protocol", [2, 3])
async def test_both_protocols_answer_alike(valkey_url: str, protocol: int) -> None:
    async with open_client(valkey_url, protocol=protocol) as client:
        await client.hset("hash", {"a": 1})
        await client.sadd("set", 1)
        async with client.pipeline() as pipeline:
            fields, members, done = pipeline.hgetall("hash"), pipeline.smembers("set"), pipeline.set("k", 1)
        assert (await client.hgetall("hash"), await client.smembers("set")) == ({"a": 1}, [1])
        assert (await fields, await members, await done) == ({"a": 1}, [1], True)


@pytest.mark.requirement("CCH-1")
async def test_a_script_runs_whether_or_not_the_server_knows_it(
    client: RedisClient, valkey_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "echo.lua"
    file.write_text(f"-- {new_id()}\n{ECHO.source}")
    echo = client.register_script(file)
    expected = [client.key("key"), b"1"]
    for _ in range(2):
        assert await echo(keys=("key",), args=(1,)) == expected
        async with client.pipeline() as pipeline:
            reply = echo(keys=("key",), args=(1,), within=pipeline)
        assert await reply == expected
        async with redis.from_url(valkey_url) as bare:
            await bare.script_flush()


async def test_a_script_is_registered_before_the_connection_is_open(valkey_url: str) -> None:
    async with open_client(valkey_url) as prepared:
        await prepared.connection.close()
        echo = prepared.register_script(ECHO)
        prepared.connection.open()
        assert await echo(keys=("key",), args=("x",)) == [prepared.key("key"), b"x"]


async def test_a_command_that_does_not_fit_is_the_operators_matter(client: RedisClient) -> None:
    await client.set("key", "text")
    with pytest.raises(RedisCommandError) as caught:
        await client.lpush("key", 1)
    assert "WRONGTYPE" in caught.value.findings[0].what
    assert caught.value.findings[0].remedy


EVERY_COMMAND = {
    "get": ("key",),
    "get_many": ("key", "other"),
    "set": ("key", 1),
    "delete": ("key", "other"),
    "exists": ("key",),
    "expire": ("key", MINUTE),
    "persist": ("key",),
    "time_left": ("key",),
    "increment": ("number",),
    "hset": ("hash", {"a": 1}),
    "hget": ("hash", "a"),
    "hgetall": ("hash",),
    "hdel": ("hash", "a"),
    "lpush": ("list", 1),
    "rpush": ("list", 1),
    "lpop": ("list",),
    "rpop": ("list",),
    "lrange": ("list",),
    "llen": ("list",),
    "ltrim": ("list", 0, 1),
    "sadd": ("set", 1),
    "srem": ("set", 1),
    "smembers": ("set",),
    "sismember": ("set", 1),
    "scard": ("set",),
    "run": (ECHO,),
}
NAMED = {"run": {"keys": ("key", "other"), "args": ("x",)}}
NO_KEYS = {"HELLO", "CLIENT", "SELECT", "PING", "MULTI", "EXEC", "MONITOR", "TIME"}


@pytest.mark.requirement("CCH-1")
async def test_every_command_reaches_the_server_with_the_prefix_on_every_key(server: Backend) -> None:
    offered = {name for name, _ in inspect.getmembers(RedisCommands, inspect.isfunction) if name[0] != "_"}
    assert offered - {"key", "send"} == EVERY_COMMAND.keys()
    async with open_client(server.url, prefix="walk:") as client, redis.from_url(server.url) as bare:
        async with monitored(server.url) as seen:
            for name, arguments in EVERY_COMMAND.items():
                await getattr(client, name)(*arguments, **NAMED.get(name, {}))
            for transaction in (False, True):
                async with client.pipeline(transaction=transaction) as pipeline:
                    for name, arguments in EVERY_COMMAND.items():
                        getattr(pipeline, name)(*arguments, **NAMED.get(name, {}))
            _ = [key async for key in client.scan("*")]
            _ = [one async for one in client.sscan("set")]
            await RedisCache(client).set("key", 1, tags=["tag"])
            await RedisCache(client).delete("key")
            await RedisLock(client).acquire("name", ttl=MINUTE)
        assert len(seen) > 3 * len(EVERY_COMMAND)
        for words in seen:
            keys = await keys_of(bare, words)
            assert keys, words
            assert all(key.startswith("walk:") for key in keys), words


async def keys_of(bare: redis.Redis, words: list[str]) -> list[str]:
    if words[0] == "SCAN":
        return [words[words.index("MATCH") + 1]]
    return [key.decode() if isinstance(key, bytes) else key for key in await bare.command_getkeys(*words)]


@asynccontextmanager
async def monitored(url: str) -> AsyncIterator[list[list[str]]]:
    """Collects what the server is told during the block, by scripts too."""
    seen: list[list[str]] = []
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(b"MONITOR\r\n")
    assert await reader.readline() == b"+OK\r\n"
    yield seen
    async with redis.from_url(url) as bare:
        await bare.echo("end")
    while '"ECHO" "end"' not in (line := (await reader.readline()).decode()):
        words = shlex.split(line.partition("] ")[2])
        if words[0] not in NO_KEYS:
            seen.append(words)
    writer.close()
    await writer.wait_closed()
