"""A member of a group through outages: what was confirmed arrives, and progress never passes a failure."""

import asyncio
from datetime import timedelta
from typing import override

import pytest

from fastapi_chassis.domain import UnavailableException, new_id
from fastapi_chassis.messaging import Ack, DeadLetter, Delivery, Envelope, Outcome, Retry, Subscription
from fastapi_chassis.plugins.kafka.member import _left
from fastapi_chassis.plugins.kafka.records import DeadRecord, dead_topic
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from fastapi_chassis.testing.contracts.envelopes import envelope, numbers
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.contracts.kafka_broker import KafkaBroker, broker_at
from tests.integration.plugins.roads import bring_back

pytestmark = [pytest.mark.backends("kafka"), pytest.mark.requirement("MSG-6")]

SOON = {"request_timeout": 1, "publish_timeout": 3, "session_timeout": 6}


def names() -> tuple[str, str]:
    return f"integration-events.{new_id().hex}", f"test.{new_id().hex}"


async def publish_all(broker: KafkaBroker, envelopes: list[Envelope]) -> None:
    """Publishes again until it is confirmed, as the relay does."""
    while True:
        try:
            await broker.transport.publish(envelopes)
        except UnavailableException:
            await asyncio.sleep(0.1)
        else:
            return


@pytest.mark.parametrize("how", ["restart", "kill", "freeze"])
async def test_what_was_confirmed_arrives_whatever_happens_to_the_server(
    private_backend: OpenBackend, how: str
) -> None:
    server = private_backend("kafka")
    topic, group = names()
    async with broker_at(server.url, **SOON) as broker:
        recorder = Recorder(takes=0.002)
        subscribed = await broker.transport.subscribe(Subscription(group, frozenset({topic}), 8), recorder)
        for start in range(0, 300, 10):
            batch = [envelope(n, key=str(n % 7), destination=topic) for n in range(start, start + 10)]
            publishing = asyncio.create_task(publish_all(broker, batch))
            if start == 100:
                await bring_back(server, how)
            await publishing
        await eventually(lambda: set(recorder.numbers) == set(range(300)))
        for key in range(7):
            first = list(dict.fromkeys(numbers([one for one in recorder.envelopes if one.key == str(key)])))
            assert first == sorted(first), f"the order of {key} is lost"
        await subscribed.stop()


async def test_a_member_that_dies_leaves_what_it_had_not_settled(kafka_servers: str) -> None:
    topic, group = names()

    def answer(delivery: Delivery) -> Outcome:
        return Ack() if numbers([delivery.envelope])[0] < 5 else Retry(timedelta(hours=1))

    async with broker_at(kafka_servers, session_timeout=6, commit_interval=0.05) as broker:
        recorder = Recorder(answer)
        member = await broker.transport.subscribe(Subscription(group, frozenset({topic}), 4), recorder)
        await broker.transport.publish([envelope(n, key="a", destination=topic) for n in range(10)])
        await eventually(lambda: len(recorder.deliveries) >= 6)
        await asyncio.sleep(0.3)
        for task in (member._polling, member._committing):  # type: ignore[attr-defined]  # as a crash ends them
            task.cancel()
        await member._leave()  # type: ignore[attr-defined]  # as above
        async with broker_at(kafka_servers) as other:
            successor = Recorder()
            following = await other.transport.subscribe(Subscription(group, frozenset({topic}), 4), successor)
            await eventually(lambda: len(successor.deliveries) == 5)
            assert successor.numbers == [5, 6, 7, 8, 9]
            await following.stop()


async def test_two_members_share_and_hand_over_without_loss(kafka_servers: str) -> None:
    topic, group = names()
    subscription = Subscription(group, frozenset({topic}), 8)
    async with broker_at(kafka_servers) as broker, broker_at(kafka_servers) as other:
        first, second = Recorder(takes=0.005), Recorder(takes=0.005)
        one = await broker.transport.subscribe(subscription, first)
        await broker.transport.publish([envelope(n, key=str(n), destination=topic) for n in range(200)])
        two = await other.transport.subscribe(subscription, second)
        await broker.transport.publish([envelope(n, key=str(n), destination=topic) for n in range(200, 400)])
        await eventually(lambda: len(second.deliveries) > 20)
        await one.stop()
        await broker.transport.publish([envelope(n, key=str(n), destination=topic) for n in range(400, 500)])
        await eventually(lambda: set(first.numbers + second.numbers) == set(range(500)))
        await two.stop()


async def test_it_asks_for_no_more_than_there_is_room(kafka_servers: str) -> None:
    topic, group = names()
    async with broker_at(kafka_servers, held=20) as broker:
        gate = asyncio.Event()
        held: list[Delivery] = []

        async def receive(delivery: Delivery) -> Outcome:
            held.append(delivery)
            await gate.wait()
            return Ack()

        subscribed = await broker.transport.subscribe(Subscription(group, frozenset({topic}), 5), receive)
        await broker.transport.publish([envelope(n, key=str(n), destination=topic) for n in range(500)])
        await eventually(lambda: len(held) == 5)
        await asyncio.sleep(0.5)
        assert subscribed._deliveries.room == 0  # type: ignore[attr-defined]  # what it holds
        assert len(held) == 5
        gate.set()
        await eventually(lambda: len(held) == 500)
        await subscribed.stop()


@pytest.mark.requirement("MSG-10")
async def test_what_is_no_message_goes_to_the_dead_letters_and_holds_nothing_up(kafka_servers: str) -> None:
    topic, group = names()
    async with broker_at(kafka_servers) as broker:
        recorder = Recorder(lambda _: DeadLetter("is poison"))
        subscribed = await broker.transport.subscribe(Subscription(group, frozenset({topic}), 4), recorder)
        await broker.transport._producer.send([DeadRecord(topic, b"a", b"\xff", [("x", b"\xff")])])
        sound = envelope(1, key="a", destination=topic)
        await broker.transport.publish([sound])
        await eventually(lambda: recorder.done == 1)
        await subscribed.stop()
        assert dead_topic(group) in await broker.connection.topics()
        assert await broker.connection_dead(group) == [
            ("", "its key or a header is no text"),
            ("a", "is poison"),
        ]


class BreaksOff:
    """A client whose stop is cancelled from within, as aiokafka's is while a fetch fails."""

    def __init__(self) -> None:
        self.is_closed = False
        self._client = self

    async def stop(self) -> None:
        raise asyncio.CancelledError

    async def close(self) -> None:
        self.is_closed = True


async def test_a_client_that_breaks_off_its_own_stop_ends_nothing_else() -> None:
    client = BreaksOff()
    await _left(client)
    assert client.is_closed


async def test_a_stop_can_still_be_cancelled() -> None:
    class Slow(BreaksOff):
        @override
        async def stop(self) -> None:
            await asyncio.sleep(60)

    leaving = asyncio.create_task(_left(Slow()))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
