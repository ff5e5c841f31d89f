"""What was confirmed arrives, in the order of its key, whatever happens to the server and on the way."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import PublishFailed
from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.chaos import Timeout
from fastapi_chassis.testing.contracts.envelopes import envelope
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.integration.plugins.redis.road import Road, first_numbers, travel, until, way_to


@pytest.fixture
async def road(valkey_url: str) -> AsyncIterator[Road]:
    async with travel(valkey_url) as road:
        yield road


pytestmark = [pytest.mark.backends("valkey"), pytest.mark.requirement("MSG-6")]

BATCHES, SIZE = 60, 20


async def travelled(road: Road, recorder: Recorder, disturb: Callable[[], Awaitable[object]]) -> int:
    """Publishes in the order of a relay while something happens, and waits until all has come."""
    await road.join(recorder)
    disturbing: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    refused = 0
    for number in range(BATCHES):
        if number == BATCHES // 3:
            disturbing = asyncio.ensure_future(disturb())
        refused += await road.publish_until_confirmed(road.batch(number * SIZE, SIZE))
        await asyncio.sleep(0.01)
    await disturbing
    await until(lambda: len(set(recorder.numbers)) == BATCHES * SIZE)
    for key in range(5):
        assert first_numbers([recorder], str(key)) == list(range(key, BATCHES * SIZE, 5))
    return refused


@pytest.mark.parametrize("how", ["kill", "restart", "freeze"])
async def test_nothing_is_lost_or_out_of_order_whatever_happens_to_the_server(
    server: Backend, how: str
) -> None:
    async def disturb() -> None:
        if how == "restart":
            await asyncio.to_thread(server.restart)
        elif how == "kill":
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
        else:
            server.pause()
            await asyncio.sleep(4)
            server.resume()

    async with travel(server.url) as road:
        assert await travelled(road, Recorder(takes=0.001), disturb) > 0


async def test_nothing_is_lost_or_out_of_order_when_connections_are_reset(valkey_url: str) -> None:
    async with way_to(valkey_url) as proxy:

        async def reset() -> None:
            for _ in range(3):
                proxy.reset()
                await asyncio.sleep(0.3)

        async with travel(proxy.url_for(valkey_url)) as road:
            assert await travelled(road, Recorder(takes=0.001), reset) > 0


async def test_a_half_open_partition_is_noticed_on_both_ways_and_healed(valkey_url: str) -> None:
    async with way_to(valkey_url) as proxy, travel(proxy.url_for(valkey_url)) as road:
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
        await road.publish_until_confirmed(road.batch(20, 10))
        await until(lambda: set(range(20, 30)) <= set(recorder.numbers))
        assert road.transport.absent == ()


async def test_what_a_dead_member_held_comes_to_another_in_its_order(valkey_url: str) -> None:
    async with (
        way_to(valkey_url) as proxy,
        travel(valkey_url) as living,
        travel(proxy.url_for(valkey_url), prefix=living.prefix) as dying,
    ):
        living.topic, living.group = dying.topic, dying.group
        first, second = Recorder(takes=0.02), Recorder()
        await dying.join(first, concurrency=2)
        await living.transport.publish(living.batch(0, 200, keys=20))
        await until(lambda: first.done >= 20)
        await proxy.down()
        await living.join(second)
        await until(lambda: len(set(first.numbers + second.numbers)) == 200)
        begun = set(first.numbers)
        for key in range(20):
            came = first_numbers([second], str(key))
            assert came == sorted(came)
            assert set(range(key, 200, 20)) - set(came) <= begun


async def test_members_share_and_keep_the_order_when_one_leaves(road: Road, valkey_url: str) -> None:
    async with travel(valkey_url, prefix=road.prefix) as other:
        other.topic, other.group = road.topic, road.group
        first, second = Recorder(takes=0.005), Recorder(takes=0.005)
        leaving = await road.join(first, concurrency=3)
        await other.join(second)
        publishing = asyncio.create_task(other.transport.publish(road.batch(0, 300, keys=30)))
        await until(lambda: first.done >= 10 and second.done >= 10)
        await leaving.stop()
        await publishing
        await until(lambda: second.done + first.done >= 300)
        assert sorted(first.numbers + second.numbers) == list(range(300))
        for key in range(30):
            assert first_numbers([first, second], str(key)) == list(range(key, 300, 30))


async def test_a_member_that_comes_takes_its_part_of_the_work(road: Road, valkey_url: str) -> None:
    async with travel(valkey_url, prefix=road.prefix) as other:
        other.topic, other.group = road.topic, road.group
        first, second = Recorder(takes=0.002), Recorder(takes=0.002)
        await road.join(first, concurrency=2)
        await road.transport.publish(road.batch(0, 600, keys=30))
        await until(lambda: first.done >= 20)
        await other.join(second, concurrency=2)
        await until(lambda: first.done + second.done >= 600)
        assert sorted(first.numbers + second.numbers) == list(range(600))
        assert second.numbers
        for key in range(30):
            assert first_numbers([first, second], str(key)) == list(range(key, 600, 30))


async def test_what_redis_can_not_carry_fails_alone(road: Road) -> None:
    recorder = Recorder()
    await road.join(recorder)
    batch = [road.batch(0, 1)[0], envelope(1, key="\udc00", destination=road.topic), road.batch(3, 1)[0]]
    with pytest.raises(PublishFailed) as caught:
        await road.transport.publish(batch)
    assert list(caught.value.reasons) == [1]
    await until(lambda: sorted(recorder.numbers) == [0, 3])


async def test_messages_of_others_are_settled_for_a_group_and_not_given(road: Road) -> None:
    recorder = Recorder()
    await road.join(recorder)
    await road.transport.publish([envelope(1, destination="others"), *road.batch(2, 1)])
    await until(lambda: recorder.numbers == [2])
    await until_settled(road)


async def test_what_is_no_message_is_set_aside(road: Road) -> None:
    recorder = Recorder()
    await road.join(recorder)
    await road.broker.publishing.run("XADD", road.broker.streams.stream(0), "*", "hello", "world")
    async with asyncio.timeout(30):
        while not (dead := await road.broker.dead(road.group)):
            await asyncio.sleep(0.05)
    assert dead[0].fields[b"hello"] == b"world"
    assert b"destination" in dead[0].fields[b"dead-reason"]
    await until_settled(road)


async def test_a_full_stream_refuses_until_it_is_read_and_trims_nothing_unread(valkey_url: str) -> None:
    async with travel(valkey_url, max_length=100, partitions=1, keep=0) as road:
        recorder = Recorder()
        member = await road.join(recorder)
        await member.stop()
        await road.transport.publish(road.batch(0, 250))
        with pytest.raises(PublishFailed):
            await road.transport.publish(road.batch(250, 10))
        await road.broker.streams.trim([0])
        assert await road.broker.length() == 250
        await road.join(recorder)
        await until(lambda: sorted(recorder.numbers) == list(range(250)))
        await until_settled(road)
        await road.broker.streams.trim([0])
        assert await road.broker.length() < 100
        await road.transport.publish(road.batch(250, 10))
        await until(lambda: len(recorder.numbers) == 260)


async def test_a_batch_waits_for_replicas(valkey_url: str) -> None:
    async with travel(valkey_url, replicas=1, publish_timeout=0.5) as road:
        with pytest.raises(UnavailableException):
            await road.transport.publish(road.batch(0, 1))


async def until_settled(road: Road) -> None:
    streams = road.broker.streams
    async with asyncio.timeout(30):
        for number in range(await streams.count()):
            while (await road.broker.publishing.run("XPENDING", streams.stream(number), road.group))[0]:  # type: ignore[index]
                await asyncio.sleep(0.05)
