"""Several processes on one Redis: one loads, one holds, and a holder that froze can't do harm."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from fastapi_chassis.plugins.redis import RedisClient, RedisLock
from tests.integration.plugins.redis.worker import WRITE

pytestmark = pytest.mark.backends("valkey")

WORKER = Path(__file__).with_name("worker.py")


@asynccontextmanager
async def worker(role: str, url: str, client: RedisClient) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(WORKER), role, url, client.prefix, stdin=PIPE, stdout=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def said(process: Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(30):
        return (await process.stdout.readline()).decode().strip()


@pytest.mark.requirement("CCH-3")
async def test_a_thousand_misses_in_two_processes_are_one_load(client: RedisClient, valkey_url: str) -> None:
    async with worker("load", valkey_url, client) as one, worker("load", valkey_url, client) as other:
        await asyncio.sleep(1.5)
        await client.set("go", 1)
        assert [await said(one), await said(other)] == ["right", "right"]
    assert await client.get("loads") == 1


@pytest.mark.requirement("CCH-2")
async def test_a_holder_that_froze_beyond_its_time_is_fenced_off_and_ended(
    client: RedisClient, valkey_url: str
) -> None:
    lock = RedisLock(client)
    async with worker("hold", valkey_url, client) as process:
        word, token = (await said(process)).split()
        assert word == "holds"
        assert await lock.acquire("stock", ttl=timedelta(minutes=1)) is None
        process.send_signal(signal.SIGSTOP)
        async with asyncio.timeout(10):
            while (mine := await lock.acquire("stock", ttl=timedelta(minutes=1))) is None:
                await asyncio.sleep(0.05)
        assert mine > int(token)
        assert await client.run(WRITE, keys=("stock",), args=(mine, "next"))
        assert process.stdin is not None
        process.stdin.write(b"write\n")
        await process.stdin.drain()
        process.send_signal(signal.SIGCONT)
        outcome = await said(process)
        if outcome != "lost":  # it came to write before it saw that its lock is gone
            assert outcome == "wrote 0"
            assert await said(process) == "lost"
        assert await client.connection.run("HGET", client.key("stock"), "by") == b"next"
        assert await lock.renew("stock", mine, ttl=timedelta(minutes=1))


@pytest.mark.requirement("CCH-2")
async def test_a_holder_that_died_is_followed_after_its_time(client: RedisClient, valkey_url: str) -> None:
    lock = RedisLock(client)
    async with worker("hold", valkey_url, client) as process:
        _, token = (await said(process)).split()
        process.kill()
        await process.wait()
        assert await lock.acquire("stock", ttl=timedelta(minutes=1)) is None
        async with asyncio.timeout(5):
            while (mine := await lock.acquire("stock", ttl=timedelta(minutes=1))) is None:
                await asyncio.sleep(0.05)
        assert mine > int(token)


@pytest.mark.requirement("CCH-2")
async def test_fences_grow_also_where_the_server_forgot_them(client: RedisClient) -> None:
    lock = RedisLock(client)
    first = await lock.acquire("name", ttl=timedelta(minutes=1))
    async for key in client.scan():
        await client.delete(key)
    second = await lock.acquire("name", ttl=timedelta(minutes=1))
    assert first is not None
    assert second is not None
    assert second > first
