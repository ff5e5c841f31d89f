"""Of a batch it is known of each message whether the brokers have it."""

from dataclasses import replace

import pytest

from fastapi_chassis.domain import new_id
from fastapi_chassis.messaging import PublishFailed, Subscription
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.contracts.envelopes import envelope
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.contracts.kafka_broker import broker_at

pytestmark = [pytest.mark.backends("kafka"), pytest.mark.requirement("MSG-6")]


async def test_one_that_is_refused_is_named_and_the_others_are_confirmed(kafka_servers: str) -> None:
    topic, group = f"integration-events.{new_id().hex}", f"test.{new_id().hex}"
    batch = [envelope(n, key=str(n), destination=topic) for n in range(3)]
    large = replace(envelope(9, key="large", destination=topic), payload=b"x" * 2_000_000)
    async with broker_at(kafka_servers) as broker:
        with pytest.raises(PublishFailed) as told:
            await broker.transport.publish([batch[0], large, *batch[1:]])
        assert told.value.reasons == {1: "it has 2000277 bytes, and a request to kafka has at most 1048576"}
        recorder = Recorder()
        subscribed = await broker.transport.subscribe(Subscription(group, frozenset({topic}), 4), recorder)
        await eventually(lambda: len(recorder.deliveries) == 3)
        assert sorted(recorder.numbers) == [0, 1, 2]
        await subscribed.stop()


@pytest.mark.requirement("MSG-3")
async def test_behind_one_that_is_refused_nothing_of_its_key_is_sent(kafka_servers: str) -> None:
    topic = f"integration-events.{new_id().hex}"
    one, large, two, other = (envelope(n, key="a", destination=topic) for n in range(4))
    large = replace(large, payload=b"x" * 2_000_000)
    other = replace(other, key="b")
    async with broker_at(kafka_servers) as broker:
        with pytest.raises(PublishFailed) as told:
            await broker.transport.publish([one, large, two, other])
        assert told.value.reasons[2] == "a message of its key that comes before it was refused"
        assert set(told.value.reasons) == {1, 2}
        await broker.transport.publish([two])
        recorder = Recorder()
        group = Subscription(f"test.{new_id().hex}", frozenset({topic}), 4)
        subscribed = await broker.transport.subscribe(group, recorder)
        await eventually(lambda: len(recorder.deliveries) == 3)
        assert [n for n in recorder.numbers if n != 3] == [0, 2]
        await subscribed.stop()


async def test_many_batches_at_once_keep_the_order_of_their_keys(kafka_servers: str) -> None:
    topic, group = f"integration-events.{new_id().hex}", f"test.{new_id().hex}"
    async with broker_at(kafka_servers) as broker:
        for start in range(0, 2_000, 500):
            await broker.transport.publish(
                [envelope(n, key=str(n % 3), destination=topic) for n in range(start, start + 500)]
            )
        recorder = Recorder()
        subscribed = await broker.transport.subscribe(Subscription(group, frozenset({topic}), 3), recorder)
        await eventually(lambda: len(recorder.deliveries) == 2_000)
        for key in "012":
            of_key = [
                n for n, one in zip(recorder.numbers, recorder.envelopes, strict=True) if one.key == key
            ]
            assert of_key == sorted(of_key)
        await subscribed.stop()
