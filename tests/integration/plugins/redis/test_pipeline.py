"""Pipelines: replies after the block, each command for itself, or all as one step."""

import pytest

from fastapi_chassis.plugins.redis import RedisClient, RedisCommandError, Script

pytestmark = pytest.mark.backends("valkey")

FAILS = Script("fails", "return redis.error_reply('ERR no')")


@pytest.mark.requirement("CCH-1")
@pytest.mark.parametrize("transaction", [False, True])
async def test_replies_are_there_after_the_block(client: RedisClient, transaction: bool) -> None:
    async with client.pipeline(transaction=transaction) as pipeline:
        kept = pipeline.set("key", {"a": b"1"})
        found = pipeline.get("key")
        missing = pipeline.get("none", "default")
        with pytest.raises(RuntimeError, match="after the block"):
            await found
    assert (await kept, await found, await missing) == (True, {"a": b"1"}, "default")
    assert await found == {"a": b"1"}


@pytest.mark.parametrize("transaction", [False, True])
async def test_a_command_that_fails_fails_alone(client: RedisClient, transaction: bool) -> None:
    async with client.pipeline(transaction=transaction) as pipeline:
        first = pipeline.set("key", "text")
        wrong, script = pipeline.lpush("key", 1), pipeline.run(FAILS)
        last = pipeline.get("key")
    for failed in (wrong, script):
        with pytest.raises(RedisCommandError):
            await failed
    assert (await first, await last) == (True, "text")


async def test_a_block_that_fails_sends_nothing(client: RedisClient) -> None:
    async def work() -> None:
        async with client.pipeline() as pipeline:
            pipeline.set("key", 1)
            raise LookupError

    with pytest.raises(LookupError):
        await work()
    assert await client.get("key") is None


async def test_a_pipeline_is_sent_in_parts_where_one_asks(client: RedisClient) -> None:
    async with client.pipeline() as pipeline:
        first = pipeline.increment("number")
        await pipeline.execute()
        assert await first == 1
        second = pipeline.increment("number")
    assert await second == 2


async def test_an_empty_pipeline_is_nothing(client: RedisClient) -> None:
    async with client.pipeline(transaction=True):
        pass
