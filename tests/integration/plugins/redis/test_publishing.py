"""A batch lies in its streams in its order, whatever its size, and a server that is away is told as that."""

import asyncio

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.redis import RedisConnection
from fastapi_chassis.plugins.redis.publishing import FULL, Publisher
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.contracts.envelopes import numbers
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.integration.plugins.redis.road import travel
from tests.integration.plugins.roads import first_numbers

pytestmark = [pytest.mark.backends("valkey"), pytest.mark.requirement("MSG-1")]


async def test_a_batch_of_many_steps_keeps_its_order(valkey_url: str) -> None:
    async with travel(valkey_url, partitions=2, publish_timeout=30) as road:
        recorder = Recorder()
        await road.transport.publish(road.batch(0, 3_000, keys=3))
        await road.join(recorder)
        await eventually(lambda: len(recorder.numbers) == 3_000)
        for key in range(3):
            assert first_numbers([recorder], str(key)) == list(range(key, 3_000, 3))


async def test_nothing_follows_what_a_full_stream_refused(valkey_url: str) -> None:
    async with travel(valkey_url, partitions=1, max_length=400, publish_timeout=30) as road:
        faults = await Publisher(road.broker.publishing).send(road.batch(0, 1_200))
        assert faults == dict.fromkeys(range(500, 1_200), FULL)


async def test_a_server_that_forgot_its_scripts_is_sent_them(valkey_url: str) -> None:
    async with travel(valkey_url) as road:
        await road.transport.publish(road.batch(0, 10))
        await road.broker.publishing.run("SCRIPT", "FLUSH")
        await road.transport.publish(road.batch(10, 10))
        assert await road.broker.length() == 20
        assert sorted(numbers(road.batch(10, 10))) == list(range(10, 20))


async def test_a_server_that_is_away_is_told_and_found_again(server: Backend) -> None:
    async with travel(server.url) as road:
        await road.transport.publish(road.batch(0, 1))
        await asyncio.to_thread(server.stop)
        with pytest.raises(UnavailableException):
            await road.transport.publish(road.batch(1, 1))
        await asyncio.to_thread(server.start)
        await road.publish_until_confirmed(road.batch(1, 1))
        assert await road.broker.length() == 2


async def test_a_connection_that_is_closed_is_unavailable(valkey_url: str) -> None:
    async with travel(valkey_url) as road:
        with pytest.raises(UnavailableException):
            await Publisher(RedisConnection(road.broker.publishing.config)).send(road.batch(0, 1))
