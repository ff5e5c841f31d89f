"""Answers to repeated requests end after a day; the rest is in the contract of every store of answers."""

from datetime import timedelta

import pytest

from fastapi_chassis.application import StoredAnswer, idempotency_for
from fastapi_chassis.domain import ConflictException
from fastapi_chassis.plugins.redis import RedisClient, RedisIdempotencyStore, RedisStore

pytestmark = pytest.mark.backends("valkey")

ANSWER = StoredAnswer("f" * 64, b"answer")


async def test_an_answer_ends_after_a_day_and_its_key_is_given_back_at_once(client: RedisClient) -> None:
    async with RedisStore(client).unit_of_work() as work:
        answers = idempotency_for(work.session)
        assert isinstance(answers, RedisIdempotencyStore)
        assert await answers.reserve("key", ANSWER.fingerprint) is None
        await answers.keep("key", ANSWER)
        await work.commit()
    lives = [await client.time_left(key) async for key in client.scan()]
    assert len(lives) == 3  # the answer, and its place in two sets
    for life in lives:
        assert life is not None
        assert timedelta(hours=23) < life < timedelta(hours=25)


async def test_who_outlived_its_time_does_not_answer_twice(client: RedisClient) -> None:
    store = RedisStore(client)

    async def handle(*, quick: bool) -> None:
        async with store.unit_of_work() as work:
            answers = idempotency_for(work.session)
            assert await answers.reserve("key", ANSWER.fingerprint) is None
            if not quick:
                # as if thirty seconds had gone by
                (lock,) = [key async for key in client.scan("*:lock:*")]
                await client.delete(lock)
                await handle(quick=True)
            await answers.keep("key", ANSWER)
            await work.commit()

    with pytest.raises(ConflictException):
        await handle(quick=False)
    async with store.unit_of_work() as work:
        assert await idempotency_for(work.session).reserve("key", ANSWER.fingerprint) == ANSWER
