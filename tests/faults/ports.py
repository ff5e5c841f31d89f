"""The ports of the library with points around their calls: what is wrapped is the real thing."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from random import Random

from fastapi_chassis.application import AbstractUnitOfWork, EventSink, RecordedEvent
from fastapi_chassis.messaging import (
    Ack,
    Delivery,
    Envelope,
    Outcome,
    Receive,
    Subscribed,
    Subscription,
    Transport,
)
from tests.faults.points import Points

BEFORE_OUTBOX = {"settle": "R4"}  # the broker has confirmed, and nothing is marked yet
AFTER_OUTBOX = {"claim": "R1", "settle": "R6"}
REMEMBERED = 200  # messages that a relay can send once more


class WatchedOutbox:
    """An OutboxStore, whatever its verbs, with points before and after some of them."""

    def __init__(self, outbox: object, points: Points) -> None:
        self._outbox, self._points = outbox, points

    def __getattr__(self, verb: str) -> object:
        call = getattr(self._outbox, verb)
        before, after = BEFORE_OUTBOX.get(verb), AFTER_OUTBOX.get(verb)
        return self._watched(call, before, after) if before or after else call

    def _watched(
        self, call: Callable[..., Awaitable[object]], before: str | None, after: str | None
    ) -> Callable[..., Awaitable[object]]:
        async def watched(*arguments: object, **named: object) -> object:
            if before is not None:
                await self._points.pass_by(before)
            result = await call(*arguments, **named)
            if after is not None and _is_work(result):
                await self._points.pass_by(after)
            return result

        return watched


def _is_work(result: object) -> bool:
    """A claim without messages is no place to die at: nothing hangs on it."""
    return result is not None and getattr(result, "entries", True) != ()


class PublishingTransport:
    """A Transport with points around what a relay does."""

    def __init__(self, transport: Transport, points: Points) -> None:
        self._transport, self._points = transport, points
        self._sent: deque[Envelope] = deque(maxlen=REMEMBERED)
        self._dice = Random(0)

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        await self._points.pass_by("R2")
        await self._points.pass_by("R8")
        if len(envelopes) > 1 and self._points.is_armed("R7"):
            await self._transport.publish(envelopes[: len(envelopes) // 2])
            await self._points.pass_by("R7")
        await self._transport.publish(envelopes)
        self._sent.extend(envelopes)
        if self._points.reach("F10"):
            again = [*self._sent] * 3
            self._dice.shuffle(again)
            await self._transport.publish(again)

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        return await self._transport.subscribe(subscription, receive)


class ConsumingTransport:
    """A Transport with points around what a consumer does, and a note of each delivery."""

    def __init__(self, transport: Transport, points: Points, note: Callable[[bytes], None]) -> None:
        self._transport, self._points, self._note = transport, points, note

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        await self._transport.publish(envelopes)

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        async def watched(delivery: Delivery) -> Outcome:
            self._points.reach("K7")  # those before this one are acknowledged, as far as the broker knows
            self._note(delivery.envelope.id.bytes)
            self._points.reach("K1")
            outcome = await receive(delivery)
            if isinstance(outcome, Ack):
                self._points.reach("K5")
            return outcome

        return await self._transport.subscribe(subscription, watched)


class WatchedSink:
    """The way of the events into the outbox, with a point behind it."""

    def __init__(self, sink: EventSink, points: Points) -> None:
        self._sink, self._points = sink, points

    async def accept(self, events: Sequence[RecordedEvent], unit_of_work: AbstractUnitOfWork) -> None:
        await self._sink.accept(events, unit_of_work)
        await self._points.pass_by("W2")
