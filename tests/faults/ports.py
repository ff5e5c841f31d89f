"""The ports of the library with points around their calls: what is wrapped is the real thing."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random
from typing import cast, override

from fastapi_chassis.application import AbstractUnitOfWork, EventSink, RecordedEvent, SessionUnitOfWork
from fastapi_chassis.messaging import (
    Ack,
    Delivery,
    Envelope,
    Outcome,
    PublishFailed,
    Receive,
    ScheduleStore,
    Subscribed,
    Subscription,
    Transport,
    schedule_for,
)
from fastapi_chassis.plugins.sqlalchemy import Database
from fastapi_chassis.plugins.sqlalchemy.session import SqlAlchemySession
from tests.faults.points import Points

REMEMBERED = 200  # messages that a relay can send once more


class Watched:
    """A port, whatever its verbs, with points before and after some of them.

    Args:
        port: the real one.
        points: of the process.
        before: the points, by the verbs before which they lie.
        after: the same for those that lie behind a verb.
    """

    def __init__(
        self, port: object, points: Points, *, before: Mapping[str, str], after: Mapping[str, str]
    ) -> None:
        self._port, self._points = port, points
        self._before, self._after = before, after

    def __getattr__(self, verb: str) -> object:
        call = getattr(self._port, verb)
        before, after = self._before.get(verb), self._after.get(verb)
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


def watched_outbox(outbox: object, points: Points) -> Watched:
    """R4: the broker has confirmed, and nothing is marked yet."""
    return Watched(outbox, points, before={"settle": "R4"}, after={"claim": "R1", "settle": "R6"})


def watched_dead_letters(dead_letters: object, points: Points) -> Watched:
    """Q1: given up, and kept nowhere; Q2: kept, and the broker does not know."""
    return Watched(dead_letters, points, before={"add": "Q1"}, after={"add": "Q2"})


class WatchedSession(SqlAlchemySession):
    """A scheduler's transaction, with points where it has taken messages out, and written, and committed."""

    def __init__(self, database: Database, points: Points) -> None:
        super().__init__(database)
        self.points = points

    @override
    async def commit(self) -> None:
        await self.points.pass_by("S2")
        await super().commit()
        await self.points.pass_by("S3")


@schedule_for.register
def _watched_schedule(session: WatchedSession) -> ScheduleStore:
    schedule = schedule_for.dispatch(SqlAlchemySession)(session)
    return cast("ScheduleStore", Watched(schedule, session.points, before={}, after={"take": "S1"}))


def watched_unit(database: Database, points: Points) -> AbstractUnitOfWork:
    """Makes the transaction of a scheduler, not yet begun."""
    return SessionUnitOfWork(WatchedSession(database, points))


def _is_work(result: object) -> bool:
    """A claim, or what is due, without messages is no place to die at: nothing hangs on it."""
    return result is not None and () not in (
        getattr(result, "entries", True),
        getattr(result, "envelopes", True),
    )


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
        if self._points.reach("R11"):
            await self._refuse(envelopes[0].key, envelopes)
        await self._transport.publish(envelopes)
        self._sent.extend(envelopes)
        if self._points.reach("F10"):
            again = [*self._sent] * 3
            self._dice.shuffle(again)
            await self._transport.publish(again)

    async def _refuse(self, key: str, envelopes: Sequence[Envelope]) -> None:
        await self._transport.publish([one for one in envelopes if one.key != key])
        raise PublishFailed({n: "refused by the rig" for n, one in enumerate(envelopes) if one.key == key})

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
