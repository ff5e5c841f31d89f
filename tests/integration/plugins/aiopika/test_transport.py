"""The road over RabbitMQ bears what every road must, and what only this one meets."""

import asyncio
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from fastapi_chassis.messaging import PublishFailed, Subscription
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.contracts.envelopes import envelope
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.contracts.aiopika_broker import AioPikaBroker
from tests.integration.plugins.aiopika.conftest import RabbitRoad, travel
from tests.integration.plugins.roads import RoadSuite, first_numbers

pytestmark = [pytest.mark.backends("rabbitmq"), pytest.mark.requirement("MSG-6")]

PROGRAM = Path(__file__).with_name("dying_member.py")


class TestRoad(RoadSuite[AioPikaBroker]):
    # RabbitMQ 4.3 writes the registration of a new quorum queue with a delay: killed within it, it forgets it
    settling = 1.5
    shares = False

    def travel(self, url: str, beside: RabbitRoad | None = None) -> AbstractAsyncContextManager[RabbitRoad]:
        return travel(url, beside)

    @pytest.fixture
    def url(self, rabbitmq_url: str) -> str:
        return rabbitmq_url


async def test_what_a_killed_member_held_comes_to_another_in_its_order(
    road: RabbitRoad, rabbitmq_url: str
) -> None:
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
    await eventually(lambda: recorder.done == 95)
    for key in range(5):
        assert first_numbers([recorder], str(key)) == list(range(key + 5, 100, 5))


async def test_a_destination_that_had_a_reader_and_lost_it_refuses(road: RabbitRoad) -> None:
    subscribed = await road.join(Recorder())
    await road.transport.publish([envelope(1, destination=road.topic)])
    await subscribed.stop()
    channel = await road.broker.publishing.channel()
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


async def test_what_amqp_can_not_carry_fails_alone(road: RabbitRoad) -> None:
    recorder = Recorder()
    await road.join(recorder)
    long = envelope(1, destination="d" * 256)
    await road.transport.subscribe(Subscription(f"{road.group}.b", frozenset({road.topic})), recorder)
    with pytest.raises(PublishFailed) as caught:
        await road.transport.publish([road.batch(0, 1)[0], long, road.batch(2, 1)[0]])
    assert list(caught.value.reasons) == [1]
    await eventually(lambda: sorted(recorder.numbers) == [0, 0, 2, 2])
