"""What was confirmed arrives, in the order of its key, whatever happens to the server and on the way."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import PublishFailed
from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.chaos import Timeout
from fastapi_chassis.testing.contracts.envelopes import envelope
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.integration.plugins.nats.conftest import Road, first_numbers, travel, until, way_to

pytestmark = [pytest.mark.backends("nats"), pytest.mark.requirement("MSG-6")]

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


async def test_nothing_is_lost_or_out_of_order_when_connections_are_reset(nats_url: str) -> None:
    async with way_to(nats_url) as proxy:

        async def reset() -> None:
            for _ in range(3):
                proxy.reset()
                await asyncio.sleep(0.3)

        async with travel(proxy.url_for(nats_url)) as road:
            assert await travelled(road, Recorder(takes=0.001), reset) > 0


async def test_a_half_open_partition_is_noticed_on_both_ways_and_healed(nats_url: str) -> None:
    async with way_to(nats_url) as proxy, travel(proxy.url_for(nats_url)) as road:
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


async def test_what_a_dead_member_held_comes_to_another_in_its_order(nats_url: str) -> None:
    async with (
        way_to(nats_url) as proxy,
        travel(nats_url) as living,
        travel(proxy.url_for(nats_url)) as dying,
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


async def test_members_share_and_keep_the_order_when_one_leaves(road: Road, nats_url: str) -> None:
    async with travel(nats_url) as other:
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


async def test_a_member_that_comes_takes_its_part_of_the_work(road: Road, nats_url: str) -> None:
    async with travel(nats_url) as other:
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


async def test_what_is_sent_again_lies_there_once(road: Road) -> None:
    recorder, batch = Recorder(), road.batch(0, 20)
    await road.transport.publish(batch)
    await road.transport.publish(batch)
    await road.join(recorder)
    await until(lambda: len(recorder.numbers) >= 20)
    await asyncio.sleep(0.2)
    assert sorted(recorder.numbers) == list(range(20))


async def test_what_nats_can_not_carry_fails_alone(road: Road) -> None:
    recorder = Recorder()
    await road.join(recorder)
    batch = [
        road.batch(0, 1)[0],
        envelope(1, destination="d" * 2_000),
        envelope(2, destination="\udc00"),
        road.batch(3, 1)[0],
    ]
    with pytest.raises(PublishFailed) as caught:
        await road.transport.publish(batch)
    assert list(caught.value.reasons) == [1, 2]
    await until(lambda: sorted(recorder.numbers) == [0, 3])
