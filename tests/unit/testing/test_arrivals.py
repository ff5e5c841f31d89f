from collections.abc import Sequence
from datetime import timedelta

import pytest

from fastapi_chassis.messaging import (
    Ack,
    DeadLetter,
    Delivery,
    Envelope,
    Outcome,
    Receive,
    Retry,
    Subscribed,
    Subscription,
)
from fastapi_chassis.testing.arrivals import Arrivals
from fastapi_chassis.testing.contracts.envelopes import envelope


class Broker:
    def __init__(self) -> None:
        self.sent: list[Envelope] = []
        self.give: Receive | None = None

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        self.sent.extend(envelopes)

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        self.give = receive
        return self

    async def stop(self) -> None: ...


@pytest.mark.parametrize(
    ("outcome", "is_done"),
    [(Ack(), True), (DeadLetter("no"), True), (Retry(timedelta(0), "busy"), False)],
)
async def test_a_message_is_done_with_when_it_was_handled_or_set_aside(
    outcome: Outcome, is_done: bool
) -> None:
    broker = Broker()
    arrivals = Arrivals(broker)

    async def receive(delivery: Delivery) -> Outcome:
        return outcome

    await arrivals.subscribe(Subscription("shop.items", frozenset({"topic"}), 1), receive)
    message = envelope(1, destination="topic")
    await arrivals.publish([message])
    assert broker.sent == [message]
    assert arrivals.lacks("topic", [message.id])
    assert not arrivals.lacks("another topic", [message.id])
    assert broker.give is not None
    assert await broker.give(Delivery(message, 1)) == outcome
    assert arrivals.lacks("topic", [message.id]) is not is_done
