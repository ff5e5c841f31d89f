"""What was confirmed arrives, whatever happens to servers, networks and members."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import PublishFailed, Subscription
from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.chaos import Timeout
from fastapi_chassis.testing.contracts.envelopes import envelope
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.integration.plugins.aiopika.conftest import Road, first_numbers, travel, until, way_to

pytestmark = [pytest.mark.backends("rabbitmq"), pytest.mark.requirement("MSG-6")]

BATCHES, SIZE = 60, 20
PROGRAM = Path(__file__).with_name("dying_member.py")
# RabbitMQ 4.3 writes the registration of a new quorum queue with a delay: killed within it, it forgets it.
REGISTERED = 1.5


async def travelled(road: Road, recorder: Recorder, disturb: Callable[[], Awaitable[object]]) -> int:
    """Publishes in the order of a relay while something happens, and waits until all has come."""
    await road.join(recorder)
    await asyncio.sleep(REGISTERED)
    disturbing = asyncio.create_task(asyncio.sleep(0))
    refused = 0
    for number in range(BATCHES):
        if number == BATCHES // 3:
            disturbing = asyncio.ensure_future(_later(disturb))
        refused += await road.publish_until_confirmed(road.batch(number * SIZE, SIZE))
        await asyncio.sleep(0.01)
    await disturbing
    await until(lambda: len(set(recorder.numbers)) == BATCHES * SIZE, within=60)
    for key in range(5):
        assert first_numbers([recorder], str(key)) == list(range(key, BATCHES * SIZE, 5))
    return refused


async def _later(disturb: Callable[[], Awaitable[object]]) -> None:
    await disturb()


async def test_nothing_is_lost_or_out_of_order_when_the_server_is_killed(server: Backend) -> None:
    async def kill() -> None:
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)

    async with travel(server.url) as road:
        assert await travelled(road, Recorder(takes=0.001), kill) > 0


async def test_nothing_is_lost_or_out_of_order_when_the_server_restarts(server: Backend) -> None:
    async with travel(server.url) as road:
        assert await travelled(road, Recorder(takes=0.001), lambda: asyncio.to_thread(server.restart)) > 0


async def test_nothing_is_lost_or_out_of_order_when_connections_are_reset(rabbitmq_url: str) -> None:
    async with way_to(rabbitmq_url) as proxy:

        async def reset() -> None:
            for _ in range(3):
                proxy.reset()
                await asyncio.sleep(0.3)

        async with travel(proxy.url_for(rabbitmq_url)) as road:
            assert await travelled(road, Recorder(takes=0.001), reset) > 0


async def test_a_half_open_partition_is_noticed_on_both_ways_and_healed(rabbitmq_url: str) -> None:
    async with way_to(rabbitmq_url) as proxy, travel(proxy.url_for(rabbitmq_url)) as road:
        recorder = Recorder()
        await road.join(recorder)
        await road.transport.publish(road.batch(0, 10))
        await until(lambda: len(recorder.numbers) == 10)
        with proxy.toxic(Timeout()):
            began = time.monotonic()
            with pytest.raises(UnavailableException):
                await road.transport.publish(road.batch(10, 10))
            assert time.monotonic() - began < 3
            await until(lambda: road.transport.absent == (road.group,), within=5)
        began = time.monotonic()
        await road.publish_until_confirmed(road.batch(20, 10))
        await until(lambda: set(range(20, 30)) <= set(recorder.numbers), within=10)
        assert road.transport.absent == ()


async def test_what_a_killed_member_held_comes_to_another_in_its_order(road: Road, rabbitmq_url: str) -> None:
    words = (sys.executable, str(PROGRAM), rabbitmq_url, road.group, road.topic)
    dying = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    assert dying.stdout is not None
    try:
        async with asyncio.timeout(30):
            assert await dying.stdout.readline() == b"joined\n"
            recorder = Recorder()
            await road.join(recorder)
            await road.transport.publish(road.batch(0, 100))
            begun = [int(await dying.stdout.readline()) for _ in range(10)]
        assert sorted(begun) == list(range(10))
        assert recorder.deliveries == []
    finally:
        dying.kill()
        await dying.wait()
    await until(lambda: recorder.done == 95)
    for key in range(5):
        assert first_numbers([recorder], str(key)) == list(range(key + 5, 100, 5))


async def test_two_members_keep_the_order_when_one_leaves(road: Road, rabbitmq_url: str) -> None:
    async with travel(rabbitmq_url) as other:
        other.topic, other.group = road.topic, road.group
        first, second = Recorder(takes=0.01), Recorder(takes=0.001)
        leaving = await road.join(first, concurrency=3)
        await other.join(second)
        publishing = asyncio.create_task(other.transport.publish(road.batch(0, 200)))
        await until(lambda: first.done >= 10)
        await leaving.stop()
        await publishing
        await until(lambda: second.done + first.done >= 200)
        assert sorted(first.numbers + second.numbers) == list(range(200))
        for key in range(5):
            assert first_numbers([first, second], str(key)) == list(range(key, 200, 5))


async def test_a_destination_that_had_a_reader_and_lost_it_refuses(road: Road) -> None:
    subscribed = await road.join(Recorder())
    await road.transport.publish([envelope(1, destination=road.topic)])
    await subscribed.stop()
    channel = await road.publishing.channel()
    await channel.queue_delete(road.group)
    await channel.close()
    nobody = f"{road.topic}.nobody"
    with pytest.raises(PublishFailed) as caught:
        await road.transport.publish([envelope(n, destination=(nobody, road.topic)[n % 2]) for n in range(3)])
    assert list(caught.value.reasons) == [1]
    assert "no queue takes the message" in caught.value.reasons[1]


@pytest.mark.parametrize(("unroutable", "fails"), [("refuse", True), ("accept", False)])
async def test_unroutable_is_what_the_section_says(
    rabbitmq_url: str, unroutable: str, *, fails: bool
) -> None:
    async with travel(rabbitmq_url, unroutable=unroutable) as road:
        if not fails:
            await road.transport.publish(road.batch(0, 3))
            return
        with pytest.raises(PublishFailed) as caught:
            await road.transport.publish(road.batch(0, 3))
        assert list(caught.value.reasons) == [0, 1, 2]


async def test_what_amqp_can_not_carry_fails_alone(road: Road) -> None:
    recorder = Recorder()
    await road.join(recorder)
    long = envelope(1, destination="d" * 256)
    await road.transport.subscribe(Subscription(f"{road.group}.b", frozenset({road.topic})), recorder)
    with pytest.raises(PublishFailed) as caught:
        await road.transport.publish([road.batch(0, 1)[0], long, road.batch(2, 1)[0]])
    assert list(caught.value.reasons) == [1]
    await until(lambda: sorted(recorder.numbers) == [0, 0, 2, 2])
