"""Member: one process's part in a group: which streams it reads, and what becomes of messages."""

import asyncio
import logging
import time
from functools import partial
from typing import cast

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
from fastapi_chassis.plugins.redis.connection import Word
from fastapi_chassis.plugins.redis.lease import Leases
from fastapi_chassis.plugins.redis.message import Entry, dead_fields
from fastapi_chassis.plugins.redis.partition import Given, Partition
from fastapi_chassis.plugins.redis.script import shipped_script
from fastapi_chassis.plugins.redis.topology import Call, Streams, partition_in

_LONGEST_TICK = 0.5  # seconds between two looks at the other members
_JOIN_EVERY, _TRIM_EVERY = 60.0, 5.0
_log = logging.getLogger("fastapi_chassis.redis")


class Member:
    """Reads those streams for which it has leases, and shares them with the other members.

    Args:
        streams: what there is to read.
        subscription: who wants what.
        receive: takes deliveries.
    """

    def __init__(self, streams: Streams, subscription: Subscription, receive: Receive) -> None:
        self.group = subscription.group
        self._streams, self._subscription = streams, subscription
        held = streams.config.held
        self._assignment = Assignment[Partition](
            self.group, held, receive, _partition_of, lambda one: self._leases.give_back(one.lease)
        )
        self._deliveries = Deliveries[Given](
            self._assignment.receive, self._settle, concurrency=subscription.concurrency, most=held
        )
        self._name = new_id().hex
        self._leases = Leases(streams, self.group, self._name)
        self._meet = shipped_script("stream_members")
        self._joined_at = self._trimmed_at = 0.0
        self._running: asyncio.Task[None] | None = None
        self._is_stopping = False
        self.is_joined = False

    async def join(self) -> None:
        """Makes the group where it is new, and begins to read.

        Raises:
            UnavailableException: the server is away.
            RedisCommandError: something else lies where the streams should be.
        """
        await self._join()
        self.is_joined = True
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
            self.is_joined = False

    async def _attend(self) -> None:
        """Reads until the server is away, or a lease is lost in the middle of reading."""
        try:
            await self._read()
        except (UnavailableException, ChassisError, TimeoutError) as error:
            _log.warning("%s lost redis and joins again: %r", self.group, error)
        finally:
            self.is_joined = self._is_stopping
            await self._assignment.suspend(patient=self._is_stopping)

    async def _read(self) -> None:
        await self._join()
        tick = min(self._streams.config.lease / 4, _LONGEST_TICK)
        while True:
            own = await self._own()
            await self._renew()
            await self._assignment.balance(own, self._take)
            self.is_joined = True
            await self._keep_up()
            await self._assignment.wait(tick)

    async def _join(self) -> None:
        count = await self._streams.count()
        self._assignment.resize(count)
        await self._streams.join(self.group, count, self._subscription.destinations)
        self._joined_at = time.monotonic()

    async def _own(self) -> frozenset[int]:
        """Says that this member is there, and which streams are its own."""
        members = await self._tell(int(self._streams.config.lease * 1000))
        place = members.index(self._name.encode())
        return frozenset(range(place, self._assignment.count, len(members)))

    async def _tell(self, milliseconds: int) -> list[bytes]:
        call = Call(self._meet, (self._streams.members(self.group),), (self._name, milliseconds))
        (reply,) = await self._streams.run([call])
        return cast("list[bytes]", reply)

    async def _keep_up(self) -> None:
        now = time.monotonic()
        if now - self._joined_at > _JOIN_EVERY:
            await self._join()
        if now - self._trimmed_at > _TRIM_EVERY:
            self._trimmed_at = now
            await self._streams.trim([one.lease.partition for one in self._assignment.partitions])

    async def _renew(self) -> None:
        partitions = self._assignment.partitions
        lost = await self._leases.renew([one.lease for one in partitions])
        self._assignment.lose([one for one in partitions if one.lease in lost])

    async def _take(self, number: int) -> Partition | None:
        lease = self._leases.of(number)
        if not await self._leases.take(lease):
            return None
        return Partition(self.group, lease, self._leases, self._streams, self._deliveries)

    async def _leave(self) -> None:
        """Gives everything back; without the server, the leases end by themselves."""
        try:
            async with asyncio.timeout(self._streams.connection.config.command_timeout):
                await self._assignment.give_up()
                await self._tell(0)
        except (UnavailableException, ChassisError, TimeoutError) as error:
            _log.warning("%s leaves without a word: %r", self.group, error)
            self._assignment.lose(self._assignment.partitions)

    async def _settle(self, held: Held[Given], outcome: Ack | DeadLetter) -> None:
        if isinstance(outcome, DeadLetter):
            bury = partial(self._bury, held.handle.entry, outcome.reason, held.attempt)
            await bury_until_kept(bury, self.group, may_wait=lambda: not self._is_stopping)
        held.handle.partition.settle(held.handle)

    async def _bury(self, entry: Entry, reason: str, attempts: int) -> None:
        """Keeps a dead letter.

        Raises:
            UnavailableException: it is not known to be kept.
        """
        age = self._streams.config.dead_max_age
        words: list[Word] = ["XADD", self._streams.dead(self.group)]
        if age:
            words += ["MINID", "~", int((time.time() - age) * 1000)]
        words.append("*")
        for name, value in dead_fields(entry, reason, attempts).items():
            words += [name, value]
        await self._streams.connection.run(*words, again=True)


def _partition_of(key: str, count: int) -> int:
    return partition_in(key.encode(), count)
