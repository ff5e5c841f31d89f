"""Member: one process's part in a group: which parts of the stream it reads, and what becomes of messages."""

import asyncio
import logging
import random
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from nats.aio.msg import Msg

from fastapi_chassis.domain import ChassisError, UnavailableException, new_id
from fastapi_chassis.messaging import (
    Ack,
    DeadLetter,
    Deliveries,
    Delivery,
    Held,
    Outcome,
    Receive,
    Retry,
    Subscription,
)
from fastapi_chassis.plugins.nats.connection import NatsConnection
from fastapi_chassis.plugins.nats.errors import RefusedError, away
from fastapi_chassis.plugins.nats.lease import Lease, Leases
from fastapi_chassis.plugins.nats.message import dead_parcel
from fastapi_chassis.plugins.nats.partition import ACKNOWLEDGED, TERMINATED, Given, Partition
from fastapi_chassis.plugins.nats.publishing import Publisher
from fastapi_chassis.plugins.nats.roster import Roster
from fastapi_chassis.plugins.nats.subjects import name_of, partition_of
from fastapi_chassis.plugins.nats.topology import dead_subject, has_consumer, make_consumer
from fastapi_chassis.plugins.nats.wire import Wire

_AGAIN = timedelta(milliseconds=200)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
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
        self._receive = receive
        self._deliveries = Deliveries[Given](
            self._received, self._settle, concurrency=subscription.concurrency, most=config.held
        )
        name = new_id().hex
        self._leases = Leases(self.group, name, config.lease)
        self._wake = asyncio.Event()
        self._roster = Roster(self.group, name, config.lease, self._wake.set)
        self._partitions: dict[int, Partition] = {}
        self._followers: dict[int, asyncio.Task[None]] = {}
        self._leaving: dict[int, asyncio.Task[None]] = {}
        self._count = 0
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
        self._running = asyncio.create_task(self._run(), name=f"read {self.group}")

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

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                self._wire = wire = await self._connection.wire()
                await self._read(wire)
            except (UnavailableException, ChassisError, TimeoutError) as error:
                _log.warning("%s lost nats and joins again: %r", self.group, error)
            finally:
                is_lost = self._wire is None or not self._wire.is_open
                self._wire = None
                await self._suspend()
            pause = min(pause * 2, _LONGEST_PAUSE) if is_lost and pause else _FIRST_PAUSE
            await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - spreads attempts

    async def _read(self, wire: Wire) -> None:
        """Reads until the connection is lost, or a consumer."""
        if self._count != wire.partitions:
            self._lose(list(self._partitions.values()))
            self._count = wire.partitions
        for number in range(wire.partitions):
            if not await has_consumer(wire, self.group, number):
                await make_consumer(wire, self.group, number, self._subscription.destinations)
        await self._roster.listen(wire)
        config = wire.config
        tick = min(config.lease / 4, config.ack_wait / 3)
        while not wire.closed.done():
            self._wake.clear()
            await self._roster.tell(wire)
            await self._renew(wire)
            await self._balance(wire)
            await self._wait(wire, tick)
        raise away()

    async def _wait(self, wire: Wire, seconds: float) -> None:
        """Returns when it is time, a part may change hands, or something has failed."""
        waking = asyncio.create_task(self._wake.wait())
        others = (*self._followers.values(), *self._leaving.values())
        tasks: set[asyncio.Future[Any]] = {waking, wire.closed, *others}
        try:
            await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waking.cancel()
        for ended in [task for task in self._followers.values() if task.done()]:
            ended.result()
        for number, left in list(self._leaving.items()):
            if left.done():
                del self._leaving[number]
                left.result()

    async def _renew(self, wire: Wire) -> None:
        """Renews the leases first, and then what is held under them."""
        partitions = list(self._partitions.values())
        renewed = await asyncio.gather(*(self._leases.renew(wire, one.lease) for one in partitions))
        self._lose([one for one, is_ours in zip(partitions, renewed, strict=True) if not is_ours])
        for partition in list(self._partitions.values()):
            await partition.hold(wire)

    async def _balance(self, wire: Wire) -> None:
        """Gives up what is others', takes what is free, and reads what it has."""
        own = self._roster.own(wire.partitions)
        for number in self._partitions.keys() - own - self._leaving.keys():
            self._leaving[number] = asyncio.create_task(self._give_up(wire, number))
        for number in own - self._partitions.keys():
            lease = await self._leases.take(wire, number)
            if lease is not None:
                self._partitions[number] = self._partition(lease)
        for number, partition in self._partitions.items():
            partition.share = max(1, wire.config.held // len(self._partitions))
            if number not in self._followers and number not in self._leaving:
                following = partition.follow(wire)
                self._followers[number] = asyncio.create_task(following, name=f"{self.group} {number}")

    def _partition(self, lease: Lease) -> Partition:
        return Partition(self.group, lease, self._deliveries, self._bury)

    async def _give_up(self, wire: Wire, number: int) -> None:
        await self._end_followers([number])
        partition = self._partitions[number]
        try:
            await partition.leave(wire)
        except BaseException:
            self._lose([partition])
            raise
        self._partitions.pop(number, None)
        await self._leases.give_back(wire, partition.lease)
        await self._roster.tell_free(wire)

    def _lose(self, partitions: Iterable[Partition]) -> None:
        for partition in partitions:
            number = partition.lease.partition
            partition.lose()
            if self._partitions.get(number) is not partition:
                continue
            del self._partitions[number]
            if (follower := self._followers.pop(number, None)) is not None:
                follower.cancel()

    async def _end_followers(self, numbers: Iterable[int]) -> None:
        ended = [task for number in numbers if (task := self._followers.pop(number, None)) is not None]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)

    async def _suspend(self) -> None:
        """Stops reading; what is held stays, as long as the leases do."""
        leaving = list(self._leaving.values())
        self._leaving.clear()
        if not self._is_stopping:
            for task in leaving:
                task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        await self._end_followers(list(self._followers))

    async def _leave(self) -> None:
        """Gives everything back; without the server, leases and time-outs do that."""
        try:
            async with asyncio.timeout(self._connection.config.request_timeout):
                wire = await self._connection.wire()
                for number in list(self._partitions):
                    await self._give_up(wire, number)
                await self._roster.tell_gone(wire)
                await wire.flush()
        except (UnavailableException, ChassisError, TimeoutError) as error:
            _log.warning("%s leaves without a word: %r", self.group, error)
            self._lose(list(self._partitions.values()))

    async def _received(self, delivery: Delivery) -> Outcome:
        """Hands on what this member still has the lease for."""
        partition = self._partitions.get(partition_of(delivery.envelope.key, max(1, self._count)))
        if partition is None or not partition.lease.holds:
            return Retry(_AGAIN, "the lease has ended")
        return await self._receive(delivery)

    async def _settle(self, held: Held[Given], outcome: Ack | DeadLetter) -> None:
        given = held.handle
        if isinstance(outcome, Ack):
            await given.partition.settle(given, ACKNOWLEDGED)
            return
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._bury(given.message, outcome.reason, held.attempt)
                break
            except (UnavailableException, ChassisError) as error:
                if self._is_stopping:
                    raise
                _log.warning("a dead letter of %s waits: %r", self.group, error)
            await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - spreads attempts
            pause = min(pause * 2, _LONGEST_PAUSE)
        await given.partition.settle(given, TERMINATED)

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
