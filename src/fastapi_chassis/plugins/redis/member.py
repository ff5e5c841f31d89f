"""Member: one process's part in a group: which streams it reads, and what becomes of messages."""

import asyncio
import logging
import random
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import cast

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
from fastapi_chassis.plugins.redis.connection import Word
from fastapi_chassis.plugins.redis.lease import Leases
from fastapi_chassis.plugins.redis.message import Entry, dead_fields
from fastapi_chassis.plugins.redis.partition import Given, Partition
from fastapi_chassis.plugins.redis.script import shipped_script
from fastapi_chassis.plugins.redis.topology import Call, Streams, partition_in

_AGAIN = timedelta(milliseconds=200)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
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
        self._streams, self._subscription, self._receive = streams, subscription, receive
        self._deliveries = Deliveries[Given](
            self._received, self._settle, concurrency=subscription.concurrency, most=streams.config.held
        )
        self._name = new_id().hex
        self._leases = Leases(streams, self.group, self._name)
        self._meet = shipped_script("stream_members")
        self._partitions: dict[int, Partition] = {}
        self._followers: dict[int, asyncio.Task[None]] = {}
        self._leaving: dict[int, asyncio.Task[None]] = {}
        self._count = 0
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
            self.is_joined = False

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            begun = time.monotonic()
            try:
                await self._read()
            except (UnavailableException, ChassisError, TimeoutError) as error:
                _log.warning("%s lost redis and joins again: %r", self.group, error)
            finally:
                self.is_joined = self._is_stopping
                await self._suspend()
            lasted = time.monotonic() - begun > _LONGEST_PAUSE
            pause = _FIRST_PAUSE if lasted else min(pause * 2, _LONGEST_PAUSE)
            await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - spreads attempts

    async def _read(self) -> None:
        """Reads until the server is away, or a lease is lost in the middle of reading."""
        await self._join()
        tick = min(self._streams.config.lease / 4, _LONGEST_TICK)
        while True:
            own = await self._own()
            await self._renew()
            await self._balance(own)
            self.is_joined = True
            await self._keep_up()
            await self._wait(tick)

    async def _join(self) -> None:
        count = await self._streams.count()
        if count != self._count:
            self._lose(list(self._partitions.values()))
            self._count = count
        await self._streams.join(self.group, count, self._subscription.destinations)
        self._joined_at = time.monotonic()

    async def _own(self) -> frozenset[int]:
        """Says that this member is there, and which streams are its own."""
        members = await self._tell(int(self._streams.config.lease * 1000))
        place = members.index(self._name.encode())
        return frozenset(range(place, self._count, len(members)))

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
            await self._streams.trim(self._partitions)

    async def _wait(self, seconds: float) -> None:
        """Returns when it is time, or something has ended."""
        tasks = {*self._followers.values(), *self._leaving.values()}
        if tasks:
            await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(seconds)
        for number, left in list(self._leaving.items()):
            if left.done():
                del self._leaving[number]
                left.result()
        for ended in [task for task in self._followers.values() if task.done()]:
            ended.result()

    async def _renew(self) -> None:
        lost = await self._leases.renew([one.lease for one in self._partitions.values()])
        self._lose([one for one in self._partitions.values() if one.lease in lost])

    async def _balance(self, own: frozenset[int]) -> None:
        """Gives up what is others', takes what is free, and reads what it has."""
        for number in self._partitions.keys() - own - self._leaving.keys():
            self._leaving[number] = asyncio.create_task(self._give_up(number), name=f"{self.group} leaves")
        for number in own - self._partitions.keys():
            lease = self._leases.of(number)
            if await self._leases.take(lease):
                self._partitions[number] = Partition(
                    self.group, lease, self._streams, self._deliveries, self._bury
                )
        for number, partition in self._partitions.items():
            partition.share = max(1, self._streams.config.held // len(self._partitions))
            if number not in self._followers and number not in self._leaving:
                following = partition.follow(self._leases)
                self._followers[number] = asyncio.create_task(following, name=f"{self.group} {number}")

    async def _give_up(self, number: int) -> None:
        await self._end_followers([number])
        partition = self._partitions[number]
        try:
            await partition.leave()
        except BaseException:
            self._lose([partition])
            raise
        self._partitions.pop(number, None)
        await self._leases.give_back(partition.lease)

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
        """Gives everything back; without the server, the leases end by themselves."""
        try:
            async with asyncio.timeout(self._streams.connection.config.command_timeout):
                for number in list(self._partitions):
                    await self._give_up(number)
                await self._tell(0)
        except (UnavailableException, ChassisError, TimeoutError) as error:
            _log.warning("%s leaves without a word: %r", self.group, error)
            self._lose(list(self._partitions.values()))

    async def _received(self, delivery: Delivery) -> Outcome:
        """Hands on what this member still has the lease for."""
        part = partition_in(delivery.envelope.key.encode(), max(1, self._count))
        partition = self._partitions.get(part)
        if partition is None or not partition.lease.holds:
            return Retry(_AGAIN, "the lease has ended")
        return await self._receive(delivery)

    async def _settle(self, held: Held[Given], outcome: Ack | DeadLetter) -> None:
        if isinstance(outcome, DeadLetter):
            await self._bury_at_last(held.handle.entry, outcome.reason, held.attempt)
        held.handle.partition.settle(held.handle)

    async def _bury_at_last(self, entry: Entry, reason: str, attempts: int) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._bury(entry, reason, attempts)
            except (UnavailableException, ChassisError) as error:
                if self._is_stopping:
                    raise
                _log.warning("a dead letter of %s waits: %r", self.group, error)
            else:
                return
            await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - spreads attempts
            pause = min(pause * 2, _LONGEST_PAUSE)

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
