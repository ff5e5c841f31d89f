"""Members: what the broker ends begins again, and nothing is settled before it is kept."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiormq import Channel
from aiormq.abc import DeliveredMessage
from aiormq.exceptions import ChannelNotFoundEntity
from pamqp.commands import Basic

from fastapi_chassis.messaging import Ack, DeadLetter, Delivery, Outcome, Retry, Subscription
from fastapi_chassis.plugins.aiopika import AioPikaTopologyError
from fastapi_chassis.plugins.aiopika.member import Member
from fastapi_chassis.plugins.aiopika.message import REASON
from fastapi_chassis.plugins.aiopika.publishing import Parcel, Publisher
from fastapi_chassis.plugins.aiopika.topology import dead_queue
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.integration.plugins.aiopika.conftest import RabbitRoad, travel

pytestmark = [pytest.mark.backends("rabbitmq"), pytest.mark.requirement("MSG-6")]


@pytest.fixture
async def operator(road: RabbitRoad) -> AsyncIterator[Channel]:
    """A channel beside those of the transport."""
    channel = await road.broker.publishing.channel()
    yield channel
    await channel.close()


async def waiting(operator: Channel, queue: str) -> int:
    return (await operator.queue_declare(queue, passive=True)).message_count or 0


def channel_of(road: RabbitRoad) -> Channel:
    """The channel of the only member."""
    (member,) = road.broker.transport._seats._members
    assert isinstance(member, Member)
    assert member._channel is not None
    return member._channel


async def test_it_joins_again_after_its_queue_was_deleted(road: RabbitRoad, operator: Channel) -> None:
    recorder = Recorder()
    await road.join(recorder)
    await operator.queue_delete(road.group)
    await eventually(lambda: road.transport.absent == (road.group,))
    await eventually(lambda: road.transport.absent == ())
    await road.transport.publish(road.batch(0, 3))
    await eventually(lambda: recorder.numbers == [0, 1, 2])


async def test_it_joins_again_after_its_channel_was_closed_by_the_server(road: RabbitRoad) -> None:
    recorder = Recorder()
    await road.join(recorder)
    channel = channel_of(road)
    await channel.basic_ack(4_711)  # nobody has given it this message
    await eventually(lambda: road.transport.absent == (road.group,))
    await eventually(lambda: road.transport.absent == ())
    await road.transport.publish(road.batch(0, 3))
    await eventually(lambda: recorder.numbers == [0, 1, 2])


async def test_a_retry_that_waits_comes_again_after_the_connection_was_lost(road: RabbitRoad) -> None:
    def answer(delivery: Delivery) -> Outcome:
        return Retry(timedelta(hours=1)) if delivery.envelope.key == "0" and not lost else Ack()

    lost: list[bool] = []
    recorder = Recorder(answer)
    await road.join(recorder)
    await road.transport.publish(road.batch(0, 10))
    await eventually(lambda: recorder.done == 9)  # 5 waits behind 0
    lost.append(True)
    channel = channel_of(road)
    road.broker.transport._consuming.drop(channel)
    await eventually(lambda: [n for n in recorder.numbers if n % 5 == 0] == [0, 0, 5])


async def test_a_dead_letter_is_kept_before_it_is_settled(road: RabbitRoad, operator: Channel) -> None:
    recorder = Recorder(lambda _: DeadLetter("is poison"))
    await road.join(recorder)
    await operator.queue_delete(dead_queue(road.group))
    await road.transport.publish(road.batch(0, 1))
    # it joins again, which makes the queue, and gets the message again, which was not settled
    message = await set_aside(road)
    assert (message.header.properties.headers or {})[REASON] == "is poison"
    assert recorder.done == 2
    assert await waiting(operator, road.group) == 0


async def set_aside(road: RabbitRoad) -> DeliveredMessage:
    """Waits for the first message that the group has set aside."""
    async with asyncio.timeout(20):
        while True:
            channel = await road.broker.publishing.channel()
            with contextlib.suppress(ChannelNotFoundEntity):  # which closes the channel
                message = await channel.basic_get(dead_queue(road.group), no_ack=True)
                await channel.close()
                if message.delivery_tag is not None:
                    return message
            await asyncio.sleep(0.05)


async def test_what_can_not_be_read_is_set_aside_by_itself(road: RabbitRoad) -> None:
    recorder = Recorder()
    await road.join(recorder)
    nameless = Parcel("integration-events", road.topic, Basic.Properties(headers={"kind": "bare"}), b"?")
    assert await Publisher(road.broker.publishing).send([nameless]) == {}
    await road.transport.publish(road.batch(0, 1))
    await eventually(lambda: recorder.numbers == [0])
    message = await set_aside(road)
    headers = message.header.properties.headers or {}
    assert message.body == b"?"
    assert headers["kind"] == "bare"
    assert "neither cloudEvents_id nor message_id" in str(headers[REASON])


async def test_it_holds_no_more_than_it_has_room_for(rabbitmq_url: str) -> None:
    async with travel(rabbitmq_url, prefetch=5) as road:
        gate = asyncio.Event()

        async def receive(_: Delivery) -> Outcome:
            await gate.wait()
            return Ack()

        subscription = Subscription(road.group, frozenset({road.topic}), 3)
        subscribed = await road.transport.subscribe(subscription, receive)
        await road.transport.publish(road.batch(0, 50))
        channel = await road.broker.publishing.channel()
        await asyncio.sleep(0.5)
        assert await waiting(channel, road.group) == 45
        gate.set()
        async with asyncio.timeout(10):
            while await waiting(channel, road.group):
                await asyncio.sleep(0.02)
        await subscribed.stop()
        await channel.close()


async def test_a_queue_of_another_kind_is_refused_with_a_remedy(road: RabbitRoad, operator: Channel) -> None:
    await operator.queue_declare(road.group, durable=True, arguments={"x-queue-type": "classic"})
    with pytest.raises(AioPikaTopologyError, match=f"refuses the queue {road.group}") as caught:
        await road.join(Recorder())
    assert "delete the one that exists" in (caught.value.findings[0].remedy or "")
    assert road.transport.absent == ()


async def test_cancelled_it_gives_back_what_it_does_not_finish(road: RabbitRoad) -> None:
    stuck, after = Recorder(takes=60), Recorder()
    subscribed = await road.join(stuck)
    await road.transport.publish(road.batch(0, 10))
    await eventually(lambda: len(stuck.deliveries) == 5)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await subscribed.stop()
    await road.join(after)
    await eventually(lambda: sorted(after.numbers) == list(range(10)))
