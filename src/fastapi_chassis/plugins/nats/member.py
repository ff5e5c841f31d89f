"""Member: one process's part in a group: which parts of the stream it reads, and what becomes of messages."""

import asyncio
import logging
from functools import partial

from nats.aio.msg import Msg

from fastapi_chassis.domain import ChassisError, UnavailableException, new_id
from fastapi_chassis.messaging import (
    Ack,
    Assignment,
    DeadLetter,
    Deliveries,
    Held,
    Receive,
    Subscription,
    attempted_again,
    bury_until_kept,
)
from fastapi_chassis.plugins.nats.connection import NatsConnection
from fastapi_chassis.plugins.nats.errors import RefusedError, away
from fastapi_chassis.plugins.nats.lease import Leases
from fastapi_chassis.plugins.nats.message import dead_parcel
from fastapi_chassis.plugins.nats.partition import ACKNOWLEDGED, TERMINATED, Given, Partition
from fastapi_chassis.plugins.nats.publishing import Publisher
from fastapi_chassis.plugins.nats.roster import Roster
from fastapi_chassis.plugins.nats.subjects import name_of, partition_of
from fastapi_chassis.plugins.nats.topology import dead_subject, has_consumer, make_consumer
from fastapi_chassis.plugins.nats.wire import Wire

_log = logging.getLogger("fastapi_chassis.nats")


class Member:
    """Reads those parts of the stream for which it has leases, and shares them with the other members.

    Args:
        connection: the connection that consumes.
        publisher: keeps dead letters.
        subscription: who wants what.
        receive: takes deliveries.
    """

    def __init__(
        self, connection: NatsConnection, publisher: Publisher, subscription: Subscription, receive: Receive
    ) -> None:
        config, self.group = connection.config, subscription.group
        self._connection, self._publisher, self._subscription = connection, publisher, subscription
        self._assignment = Assignment[Partition](
            self.group, config.held, receive, partition_of, self._give_back
        )
        self._deliveries = Deliveries[Given](
            self._assignment.receive, self._settle, concurrency=subscription.concurrency, most=config.held
        )
        name = new_id().hex
        self._leases = Leases(self.group, name, config.lease)
        self._roster = Roster(self.group, name, config.lease, self._assignment.wake)
        self._running: asyncio.Task[None] | None = None
        self._wire: Wire | None = None
        self._is_stopping = False

    @property
    def is_joined(self) -> bool:
        """Whether the server knows of this member just now."""
        return self._wire is not None and self._wire.is_open

    async def join(self) -> None:
        """Makes the consumers of the group and begins to read.

        Raises:
            UnavailableException: the server is away.
            NatsStreamError: it refuses a consumer.
        """
        wire = await self._connection.wire()
        for number in range(wire.partitions):
            await make_consumer(wire, self.group, number, self._subscription.destinations)
        self._running = asyncio.create_task(attempted_again(self._attend), name=f"read {self.group}")

    async def stop(self) -> None:
        """Settles what is being handled, gives back the rest and leaves."""
        if self._is_stopping or self._running is None:
            return
        self._is_stopping = True
        try:
            await self._deliveries.stop()
        finally:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            await self._leave()

    async def _attend(self) -> None:
        """Reads until the connection is lost, or a consumer."""
        try:
            self._wire = wire = await self._connection.wire()
            await self._read(wire)
        except (UnavailableException, ChassisError, TimeoutError) as error:
            _log.warning("%s lost nats and joins again: %r", self.group, error)
        finally:
            self._wire = None
            await self._assignment.suspend(patient=self._is_stopping)

    async def _read(self, wire: Wire) -> None:
        self._assignment.resize(wire.partitions)
        for partition in self._assignment.partitions:
            partition.wire = wire
        for number in range(wire.partitions):
            if not await has_consumer(wire, self.group, number):
                await make_consumer(wire, self.group, number, self._subscription.destinations)
        await self._roster.listen(wire)
        wire.closed.add_done_callback(lambda _: self._assignment.wake())
        tick = min(wire.config.lease / 4, wire.config.ack_wait / 3)
        while not wire.closed.done():
            await self._roster.tell(wire)
            await self._renew(wire)
            await self._assignment.balance(self._roster.own(wire.partitions), partial(self._take, wire))
            await self._assignment.wait(tick)
        raise away()

    async def _renew(self, wire: Wire) -> None:
        """Renews the leases first, and then what is held under them."""
        partitions = self._assignment.partitions
        renewed = await asyncio.gather(*(self._leases.renew(wire, one.lease) for one in partitions))
        self._assignment.lose([one for one, is_ours in zip(partitions, renewed, strict=True) if not is_ours])
        for partition in self._assignment.partitions:
            await partition.hold()

    async def _take(self, wire: Wire, number: int) -> Partition | None:
        lease = await self._leases.take(wire, number)
        return None if lease is None else Partition(self.group, lease, wire, self._deliveries)

    async def _give_back(self, partition: Partition) -> None:
        await self._leases.give_back(partition.wire, partition.lease)
        await self._roster.tell_free(partition.wire)

    async def _leave(self) -> None:
        """Gives everything back; without the server, leases and time-outs do that."""
        try:
            async with asyncio.timeout(self._connection.config.request_timeout):
                wire = await self._connection.wire()
                for partition in self._assignment.partitions:
                    partition.wire = wire
                await self._assignment.give_up()
                await self._roster.tell_gone(wire)
                await wire.flush()
        except (UnavailableException, ChassisError, TimeoutError) as error:
            _log.warning("%s leaves without a word: %r", self.group, error)
            self._assignment.lose(self._assignment.partitions)

    async def _settle(self, held: Held[Given], outcome: Ack | DeadLetter) -> None:
        given, word = held.handle, ACKNOWLEDGED
        if isinstance(outcome, DeadLetter):
            bury = partial(self._bury, given.message, outcome.reason, held.attempt)
            await bury_until_kept(bury, self.group, may_wait=lambda: not self._is_stopping)
            word = TERMINATED
        await given.partition.settle(given, word)

    async def _bury(self, message: Msg, reason: str, attempts: int) -> None:
        """Keeps a dead letter.

        Raises:
            UnavailableException: it is not known to be kept.
        """
        subject = dead_subject(self._connection.config.stream, self.group)
        parcel = dead_parcel(subject, name_of(self.group), message, reason, attempts)
        faults = await self._publisher.send([parcel])
        if faults:
            raise away() from RefusedError(0, 0, faults[0])
