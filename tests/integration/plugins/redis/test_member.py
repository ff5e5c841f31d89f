"""Members share the streams, keep dead letters, and come back when the server does; also in a cluster."""

import asyncio

import pytest

from fastapi_chassis.messaging import Ack, DeadLetter
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.contracts.envelopes import envelope
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.integration.plugins.redis.conftest import at_cluster
from tests.integration.plugins.redis.road import travel
from tests.integration.plugins.roads import first_numbers

pytestmark = [pytest.mark.backends("valkey"), pytest.mark.requirement("MSG-6")]


async def test_what_the_server_forgot_is_made_again(server: Backend) -> None:
    async with travel(server.url) as road:
        recorder = Recorder()
        await road.join(recorder)
        await road.transport.publish(road.batch(0, 10))
        await eventually(lambda: len(recorder.numbers) == 10)
        await road.broker.publishing.run("FLUSHALL")
        await eventually(lambda: road.transport.absent == (), within=20)
        await road.publish_until_confirmed(road.batch(10, 10))
        await eventually(lambda: len(recorder.numbers) == 20)


async def test_a_dead_letter_waits_for_its_place_and_is_kept_with_its_attempts(valkey_url: str) -> None:
    async with travel(valkey_url) as road:
        place = road.broker.streams.dead(road.group)
        await road.broker.publishing.run("SET", place, "something else")
        recorder = Recorder(lambda one: DeadLetter("poison") if one.envelope.payload == b"1" else Ack())
        await road.join(recorder)
        await road.transport.publish([envelope(1, destination=road.topic)])
        await eventually(lambda: recorder.done == 1)
        await road.broker.publishing.run("DEL", place)
        async with asyncio.timeout(30):
            while not (dead := await road.broker.dead(road.group)):
                await asyncio.sleep(0.05)
        assert dead[0].fields[b"dead-reason"] == b"poison"
        assert dead[0].fields[b"dead-attempts"] == b"1"


async def test_a_cluster_carries_them_in_order(cluster_server: Backend) -> None:
    async with at_cluster(cluster_server):
        slow: dict[str, object] = {"cluster": True, "command_timeout": 5}
        async with travel(cluster_server.url, server=slow, publish_timeout=20) as road:
            recorder = Recorder()
            await road.join(recorder)
            await road.publish_until_confirmed(road.batch(0, 300, keys=30))
            await eventually(lambda: len(set(recorder.numbers)) == 300)
            for key in range(30):
                assert first_numbers([recorder], str(key)) == list(range(key, 300, 30))
