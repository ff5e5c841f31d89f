"""Partition: one part of the stream as a member reads it, and what it holds of it."""

import asyncio
import json
import logging
import time
from dataclasses import dataclass

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from fastapi_chassis.messaging import Deliveries, Held, UnreadableMessage
from fastapi_chassis.plugins.nats.errors import RefusedError, away
from fastapi_chassis.plugins.nats.lease import Lease
from fastapi_chassis.plugins.nats.message import Place, envelope_in, is_delivery, place_of, stand_in_for
from fastapi_chassis.plugins.nats.topology import consumer_name, nanoseconds
from fastapi_chassis.plugins.nats.wire import Wire

ACKNOWLEDGED, IN_PROGRESS, RETURNED, TERMINATED = b"+ACK", b"+WPI", b"-NAK", b"+TERM"
OPEN_SECONDS = 1.0  # for which the server keeps a request for messages
_MISSING_SECONDS = 0.2  # for which one is kept that waits for what another had
_MARGIN = 0.1
_WHOLE, _IDLE = "100", {"404", "408"}
_LEFT = "Nats-Pending-Messages"
_log = logging.getLogger("fastapi_chassis.nats")


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What the server knows a message by.

    Args:
        partition: the part that gave it.
        place: where it lies.
        message: as it came.
    """

    partition: "Partition"
    place: Place
    message: Msg


class Partition:
    """Takes messages while there is room, first what others had and did not settle.

    Args:
        group: for whom it is read.
        lease: the right to do so.
        wire: the connection; another one once that is lost.
        deliveries: where messages go.
    """

    def __init__(self, group: str, lease: Lease, wire: Wire, deliveries: Deliveries[Given]) -> None:
        self.lease, self.wire = lease, wire
        self.share = 1
        self._group, self._deliveries = group, deliveries
        self._held: dict[Place, str] = {}
        self._settled: dict[Place, str] = {}
        self._waiting: dict[Place, Msg] | None = {}  # while others' messages are missing: those that came
        self._listening: Subscription | None = None
        self._inbox = ""
        self._left, self._asked_at = 0, 0.0
        self._answered, self._has_room = asyncio.Event(), asyncio.Event()
        self._fault = ""

    async def follow(self) -> None:
        """Takes messages until it is cancelled.

        Raises:
            UnavailableException: the connection is lost, or the consumer.
        """
        wire = self.wire
        self._inbox = wire.inbox()
        self._waiting = self._waiting or {}  # a gathering that broke off left some
        self._listening = await wire.listen(self._inbox, self._take)
        for reply in self._settled.values():  # nobody knows which of them were heard
            await wire.send(reply, ACKNOWLEDGED)
        await self._gather(wire)
        while True:
            while self._room < max(1, self.share // 4):
                self._has_room.clear()
                await self._has_room.wait()
            await self._ask(wire, self._room, OPEN_SECONDS)

    async def hold(self) -> None:
        """Tells the server that what is held is being worked on, in order: so it would end in order."""
        for reply in list(self._held.values()):
            await self.wire.send(reply, IN_PROGRESS)

    async def settle(self, given: Given, word: bytes) -> None:
        """Tells the server of the end of a message; without a connection it hears it by the next one."""
        reply = self._held.pop(given.place, given.message.reply)
        self._settled[given.place] = reply
        while len(self._settled) > max(self.share, 100):
            del self._settled[next(iter(self._settled))]
        self._has_room.set()
        if self.wire.is_open:
            await self.wire.send(reply, word)

    async def leave(self) -> None:
        """Waits for what is being handled and gives the rest back, in order; `follow` has ended.

        Raises:
            UnavailableException: the connection is lost.
        """
        self._waiting = self._waiting or {}  # nothing more is handed on
        self._forget()
        if self._listening is not None:
            await self.wire.drain(self._listening)
        await self._deliveries.finished(lambda held: held.handle.partition is self)
        for _, reply in sorted(self._held.items(), key=lambda one: one[0].sequence):
            await self.wire.send(reply, RETURNED)
        self._held.clear()
        await self.wire.flush()

    def lose(self) -> None:
        """Forgets what somebody else is given."""
        self._forget()
        self._held.clear()

    @property
    def _room(self) -> int:
        return self.share - len(self._held)

    def _forget(self) -> None:
        self._deliveries.forget(lambda held: held.handle.partition is self)

    async def _gather(self, wire: Wire) -> None:
        """Waits until every message that was given and is not settled is here, and hands them on in order.

        What a lost connection or another member had comes again when its time is over; what is newer must
        not overtake it.
        """
        await asyncio.sleep(self._asked_at + OPEN_SECONDS + _MARGIN - time.monotonic())
        while (missing := await self._unsettled(wire) - len(self._held)) > 0:
            await self._ask(wire, missing, _MISSING_SECONDS)
        waiting, self._waiting = self._waiting or {}, None
        for place, message in sorted(waiting.items(), key=lambda one: one[0].sequence):
            await self._put(place, message)

    async def _unsettled(self, wire: Wire) -> int:
        await wire.flush()
        name = consumer_name(self._group, self.lease.partition)
        try:
            said = await wire.api(f"CONSUMER.INFO.{wire.config.stream.name}.{name}")
        except RefusedError as error:
            raise away() from error
        return int(said["num_ack_pending"])

    async def _ask(self, wire: Wire, most: int, seconds: float) -> None:
        """Asks for messages and returns when they are here, or none is left."""
        if not self.lease.holds:
            raise away()
        stream = wire.config.stream.name
        self._left, self._asked_at, self._fault = most, time.monotonic(), ""
        self._answered.clear()
        await wire.send(
            f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer_name(self._group, self.lease.partition)}",
            json.dumps({"batch": most, "expires": nanoseconds(seconds)}).encode(),
            reply=self._inbox,
        )
        async with asyncio.timeout(seconds + wire.config.request_timeout):
            await self._answered.wait()
        if self._fault:
            _log.warning("part %d of %s: %s", self.lease.partition, self._group, self._fault)
            raise away()

    async def _take(self, message: Msg) -> None:
        if not is_delivery(message):
            self._end(message.headers or {})
            return
        place = place_of(message.reply)
        if place in self._held:
            self._held[place] = message.reply
        elif place in self._settled:
            await self.wire.send(message.reply, ACKNOWLEDGED)
        else:
            self._held[place] = message.reply
            if self._waiting is None:
                await self._put(place, message)
            else:
                self._waiting[place] = message
        self._left -= 1
        if self._left <= 0:
            self._answered.set()

    def _end(self, headers: dict[str, str]) -> None:
        status = headers.get("Status", "")
        if status == _WHOLE:
            return
        if status not in _IDLE:
            self._fault = headers.get("Description") or f"the server says {status}"
        self._answered.set()

    async def _put(self, place: Place, message: Msg) -> None:
        given = Given(self, place, message)
        try:
            held = Held(envelope_in(message), given)
        except UnreadableMessage as fault:
            held = Held(stand_in_for(message, place), given, unreadable=str(fault))
        self._deliveries.put(held)
