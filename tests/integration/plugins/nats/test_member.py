"""A member sets aside what can't be handled, mends what was taken from it, and knows when to stop."""

import asyncio
from datetime import timedelta

import pytest

from fastapi_chassis.messaging import Ack, DeadLetter, Delivery, Outcome, Retry, Subscription
from fastapi_chassis.plugins.nats.message import ATTEMPTS, MESSAGE_ID, REASON
from fastapi_chassis.plugins.nats.topology import consumer_name
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.chaos import Timeout
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.contracts.nats_broker import broker_at
from tests.integration.plugins.nats.conftest import QUICK, NatsRoad, travel
from tests.integration.plugins.roads import way_to

pytestmark = [pytest.mark.backends("nats"), pytest.mark.requirement("MSG-6")]


async def test_what_is_no_message_is_set_aside_as_it_came(road: NatsRoad) -> None:
    recorder = Recorder()
    await road.join(recorder)
    wire = await road.broker.publishing.wire()
    subject = f"messages.2.{road.topic}"
    await wire.ask(subject, b"what?", headers={"colour": "blue"})
    await wire.ask(
        subject, b"", headers={"ce-id": "no-uuid", "ce-type": "a", "ce-source": "b", "ce-time": "?"}
    )
    await road.transport.publish(road.batch(0, 20))
    await eventually(lambda: len(recorder.numbers) == 20)
    async with asyncio.timeout(5):
        while len(found := await road.broker.dead(road.group)) < 2:
            await asyncio.sleep(0.02)
    first, second = (one.headers or {} for one in found)
    assert found[0].data == b"what?"
    assert first["colour"] == "blue"
    assert "ce-id" in first[REASON]
    assert "not what it should be" in second[REASON]


async def test_a_dead_letter_tells_how_often_it_was_tried(road: NatsRoad) -> None:
    def answer(one: Delivery) -> Outcome:
        return DeadLetter("enough") if one.attempt == 3 else Retry(timedelta(milliseconds=10))

    recorder = Recorder(answer)
    await road.join(recorder)
    batch = road.batch(0, 1)
    await road.transport.publish(batch)
    await eventually(lambda: recorder.done == 3)
    async with asyncio.timeout(5):
        while not (found := await road.broker.dead(road.group)):
            await asyncio.sleep(0.02)
    headers = found[0].headers or {}
    assert (headers[ATTEMPTS], headers[MESSAGE_ID].split()[-1]) == ("3", str(batch[0].id))


async def test_a_dead_letter_that_can_not_be_kept_yet_is_not_lost(nats_url: str) -> None:
    async with way_to(nats_url) as proxy, travel(proxy.url_for(nats_url)) as road:
        judged = asyncio.Event()

        def answer(_: Delivery) -> Outcome:
            judged.set()
            return DeadLetter("is poison")

        await road.join(Recorder(answer))
        proxy.add(toxic := Timeout())
        async with broker_at(nats_url, **QUICK) as other:
            await other.transport.publish(road.batch(0, 1))
            proxy.remove(toxic)
            await asyncio.wait_for(judged.wait(), 15)
            await proxy.down()
            await asyncio.sleep(0.3)
            await proxy.up()
            async with asyncio.timeout(15):
                while not (found := await other.dead_letters(road.group)):
                    await asyncio.sleep(0.05)
            assert [reason for _, reason in found] == ["is poison"]


async def test_a_consumer_that_was_deleted_is_made_anew(road: NatsRoad) -> None:
    recorder = Recorder()
    await road.join(recorder)
    await road.transport.publish(road.batch(0, 10))
    await eventually(lambda: len(set(recorder.numbers)) == 10)
    wire = await road.broker.consuming.wire()
    for number in range(wire.partitions):
        await wire.api(f"CONSUMER.DELETE.integration-events.{consumer_name(road.group, number)}")
    await road.transport.publish(road.batch(10, 10))
    await eventually(lambda: set(recorder.numbers) == set(range(20)))


async def test_a_group_reads_what_its_last_member_wanted(road: NatsRoad) -> None:
    await (await road.join(Recorder())).stop()
    road.topic, old = f"{road.topic}.new", road.topic
    recorder = Recorder()
    await road.transport.subscribe(Subscription(road.group, frozenset({road.topic})), recorder)
    await road.transport.publish(road.batch(1, 1))
    road.topic = old
    await road.transport.publish(road.batch(2, 1))
    await eventually(lambda: recorder.numbers == [1])
    await asyncio.sleep(0.2)
    assert recorder.numbers == [1]


async def test_to_stop_is_over_in_time_when_the_server_is_away(nats_url: str) -> None:
    async with way_to(nats_url) as proxy, travel(proxy.url_for(nats_url)) as road:
        subscribed = await road.join(Recorder())
        with proxy.toxic(Timeout()):
            async with asyncio.timeout(4):
                await subscribed.stop()


async def test_stopped_against_its_will_it_gives_back_what_it_was_handling(road: NatsRoad) -> None:
    first, second = Recorder(takes=60), Recorder()
    subscribed = await road.join(first)
    await road.transport.publish(road.batch(0, 10))
    await eventually(lambda: len(first.numbers) == 5)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await subscribed.stop()
    await road.join(second)
    await eventually(lambda: sorted(second.numbers) == list(range(10)))
    assert first.done == 5  # each was cancelled


async def test_what_comes_after_an_acknowledgement_was_lost_is_not_handled_twice(nats_url: str) -> None:
    async with way_to(nats_url) as proxy, travel(proxy.url_for(nats_url)) as road:
        recorder = Recorder(lambda _: Ack())
        await road.join(recorder)
        cut = proxy.cut(b"+ACK")
        async with broker_at(nats_url, **QUICK) as other:
            await other.transport.publish(road.batch(0, 20))
        await cut.happened()
        await eventually(lambda: len(set(recorder.numbers)) == 20)
        await asyncio.sleep(2)
        assert sorted(recorder.numbers) == list(range(20))
