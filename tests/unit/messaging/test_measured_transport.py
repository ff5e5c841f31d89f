"""A measured transport does what the other one does, and tells the meter."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import (
    Ack,
    DeadLetter,
    Delivery,
    Envelope,
    InMemoryTransport,
    MeasuredTransport,
    Outcome,
    PublishFailed,
    Receive,
    Retry,
    RoadMeter,
    Subscribed,
    Subscription,
)
from fastapi_chassis.plugins.aiopika.transport import AioPikaTransport
from fastapi_chassis.plugins.kafka.transport import KafkaTransport
from fastapi_chassis.plugins.nats.transport import NatsTransport
from fastapi_chassis.plugins.redis.transport import RedisTransport
from fastapi_chassis.testing import eventually
from tests.measures import Measures
from tests.unit.messaging.shop import created

SENT, TAKEN = "messaging.client.sent.messages", "messaging.client.consumed.messages"
DONE = "messaging.process.duration"
MAILS = Subscription("shop.mails", frozenset({"integration-events.item_created"}))


class Nameless:
    """A transport of somebody's own, which does not say what broker it speaks to."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.published: list[Envelope] = []

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        if self.fault:
            raise self.fault
        self.published += envelopes

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        self.receive = receive
        return await InMemoryTransport().subscribe(subscription, receive)


@pytest.fixture
def measures() -> Measures:
    return Measures()


async def test_what_is_sent_and_what_becomes_of_it_is_measured(measures: Measures) -> None:
    outcomes: list[Outcome] = [Ack(), DeadLetter("no", "ValueError"), Ack()]

    async def receive(delivery: Delivery) -> Outcome:
        return outcomes.pop(0)

    transport = MeasuredTransport(InMemoryTransport(), RoadMeter(measures.provider))
    taking = await transport.subscribe(MAILS, receive)
    await transport.publish([created(), created(), created()])
    await taking.stop()
    system = {"messaging.system": "memory"}
    assert measures.total(SENT, system) == 3
    assert measures.total("messaging.client.operation.duration", system) == 1
    await eventually(lambda: measures.total(TAKEN, system) == 3)
    assert measures.total(DONE, system | {"chassis.outcome": "ack"}) == 2
    assert measures.total(DONE, {"chassis.outcome": "dead_letter", "error.type": "ValueError"}) == 1
    assert measures.total("chassis.dead_letters", {"messaging.consumer.group.name": "shop.mails"}) == 1


@pytest.mark.parametrize(
    ("fault", "error_type", "failed"),
    [
        (PublishFailed({1: "too large"}), "PublishFailed", 1),
        (UnavailableException("away"), "UNAVAILABLE", 3),
        (RuntimeError("what?"), "RuntimeError", 3),
    ],
)
async def test_what_the_broker_did_not_take_has_an_error_and_is_told_on(
    measures: Measures, fault: Exception, error_type: str, failed: int
) -> None:
    transport = MeasuredTransport(Nameless(fault), RoadMeter(measures.provider))
    with pytest.raises(type(fault)) as told:
        await transport.publish([created(), created(), created()])
    assert told.value is fault
    assert measures.total(SENT, {"error.type": error_type, "messaging.system": "unknown"}) == failed
    assert measures.total(SENT) == 3
    assert measures.total("messaging.client.operation.duration", {"error.type": error_type}) == 1


@pytest.mark.parametrize(
    ("transport", "system"),
    [
        (AioPikaTransport, "rabbitmq"),
        (KafkaTransport, "kafka"),
        (NatsTransport, "nats"),
        (RedisTransport, "redis"),
        (InMemoryTransport, "memory"),
    ],
)
def test_each_transport_says_what_kind_of_broker_it_speaks_to(transport: type, system: str) -> None:
    assert transport.system == system


async def test_a_receiver_that_raises_counts_as_a_retry(measures: Measures) -> None:
    async def receive(delivery: Delivery) -> Outcome:
        raise LookupError(delivery.envelope.id)

    inner = Nameless()
    await MeasuredTransport(inner, RoadMeter(measures.provider)).subscribe(MAILS, receive)
    with pytest.raises(LookupError):
        await inner.receive(Delivery(created()))
    assert measures.total(DONE, {"chassis.outcome": "retry", "error.type": "LookupError"}) == 1


async def test_one_that_is_stopped_has_no_outcome(measures: Measures) -> None:
    async def receive(delivery: Delivery) -> Outcome:
        raise asyncio.CancelledError

    inner = Nameless()
    await MeasuredTransport(inner, RoadMeter(measures.provider)).subscribe(MAILS, receive)
    with pytest.raises(asyncio.CancelledError):
        await inner.receive(Delivery(created()))
    assert measures.points(DONE) == []


async def test_without_an_sdk_everything_goes_through() -> None:
    again = Retry(timedelta(0))

    async def receive(delivery: Delivery) -> Outcome:
        return again

    inner, sent = Nameless(), created()
    transport = MeasuredTransport(inner, RoadMeter())
    await transport.subscribe(MAILS, receive)
    await transport.publish([sent])
    assert inner.published == [sent]
    assert await inner.receive(Delivery(sent)) is again
