"""Assignment: the partitions that a member of a group has leases for, and reads."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Protocol

from fastapi_chassis.messaging.outcome import Outcome, Retry
from fastapi_chassis.messaging.transport import Delivery, Receive

_AGAIN = timedelta(milliseconds=200)


@dataclass(slots=True, eq=False, kw_only=True)
class ReadLease:
    """The right to read a partition for a group.

    Args:
        partition: which one.
        until: when it ends at the earliest, by this process's own clock.
        turn: whoever renews it or gives it back waits for the other.
    """

    partition: int
    until: float = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @property
    def holds(self) -> bool:
        """Whether nobody else can have it yet."""
        return monotonic() < self.until


class AssignedPartition(Protocol):
    """A partition, as the member reads it that has its lease."""

    share: int

    @property
    def lease(self) -> ReadLease:
        """The right to do so."""
        ...

    async def follow(self) -> None:
        """Takes messages until it is cancelled, or fails."""
        ...

    async def leave(self) -> None:
        """Waits for what is being handled, and lets go of the rest; `follow` has ended."""
        ...

    def lose(self) -> None:
        """Forgets what somebody else is given."""
        ...


class Assignment[P: AssignedPartition]:
    """Takes partitions, follows them, gives them up, and loses them.

    Args:
        group: for whom they are read.
        held: how many messages the member holds at most; each partition has its share of it.
        receive: takes deliveries.
        place: says in which of so many partitions a key's messages lie.
        give_back: lets others have the lease of a partition that was left.
    """

    def __init__(
        self,
        group: str,
        held: int,
        receive: Receive,
        place: Callable[[str, int], int],
        give_back: Callable[[P], Awaitable[None]],
    ) -> None:
        self._group, self._held = group, held
        self._receive, self._place, self._give_back = receive, place, give_back
        self._count = 0
        self._woken = asyncio.Event()
        self._partitions: dict[int, P] = {}
        self._followers: dict[int, asyncio.Task[None]] = {}
        self._leaving: dict[int, asyncio.Task[None]] = {}

    @property
    def count(self) -> int:
        """How many partitions there are, whoever has them."""
        return self._count

    @property
    def partitions(self) -> tuple[P, ...]:
        """Those that the member has."""
        return tuple(self._partitions.values())

    def resize(self, count: int) -> None:
        """Notes how many partitions there are: with another number all are others."""
        if count != self._count:
            self.lose(self.partitions)
            self._count = count

    async def receive(self, delivery: Delivery) -> Outcome:
        """Hands on what the member still has the lease for; what is no message has no place, and no order."""
        if delivery.unreadable:
            return await self._receive(delivery)
        partition = self._partitions.get(self._place(delivery.envelope.key, max(1, self._count)))
        if partition is None or not partition.lease.holds:
            return Retry(_AGAIN, "the lease has ended")
        return await self._receive(delivery)

    async def balance(self, own: frozenset[int], take: Callable[[int], Awaitable[P | None]]) -> None:
        """Gives up what is others', takes what is free, and follows what it has.

        Args:
            own: what is the member's, as far as it knows of the others.
            take: takes the lease of a partition; None if somebody has it.
        """
        for number in self._partitions.keys() - own - self._leaving.keys():
            giving_up = self._give_up(self._partitions[number])
            self._leaving[number] = asyncio.create_task(giving_up, name=f"{self._group} leaves {number}")
        for number in own - self._partitions.keys():
            if (partition := await take(number)) is not None:
                self._partitions[number] = partition
        for number, partition in self._partitions.items():
            partition.share = max(1, self._held // len(self._partitions))
            if number not in self._followers and number not in self._leaving:
                following = asyncio.create_task(partition.follow(), name=f"{self._group} {number}")
                self._followers[number] = following

    def wake(self) -> None:
        """Ends the wait: there may be something to do."""
        self._woken.set()

    async def wait(self, seconds: float) -> None:
        """Returns when it is time, or somebody wakes it; raises what a partition has failed with."""
        waking = asyncio.create_task(self._woken.wait())
        others = (*self._followers.values(), *self._leaving.values())
        try:
            await asyncio.wait({waking, *others}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waking.cancel()
            self._woken.clear()
        for number, left in list(self._leaving.items()):
            if left.done():
                del self._leaving[number]
                left.result()
        for ended in [task for task in self._followers.values() if task.done()]:
            ended.result()

    def lose(self, partitions: Iterable[P]) -> None:
        """Forgets partitions whose leases are lost."""
        for partition in partitions:
            partition.lease.until = 0
            partition.lose()
            if self._drop(partition) and (follower := self._followers.pop(partition.lease.partition, None)):
                follower.cancel()

    async def suspend(self, *, patient: bool) -> None:
        """Follows no more; what is held stays, as long as the leases do.

        Args:
            patient: whether partitions that are being given up come to their end.
        """
        leaving = list(self._leaving.values())
        self._leaving.clear()
        if not patient:
            for task in leaving:
                task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        await self._end_followers(list(self._followers))

    async def give_up(self) -> None:
        """Gives everything back, one after the other."""
        for partition in self.partitions:
            await self._give_up(partition)

    async def _give_up(self, partition: P) -> None:
        await self._end_followers([partition.lease.partition])
        try:
            await partition.leave()
        except BaseException:
            self.lose([partition])
            raise
        self._drop(partition)
        await self._give_back(partition)

    def _drop(self, partition: P) -> bool:
        """Removes a partition, unless it was taken anew meanwhile."""
        is_there = self._partitions.get(partition.lease.partition) is partition
        if is_there:
            del self._partitions[partition.lease.partition]
        return is_there

    async def _end_followers(self, numbers: Iterable[int]) -> None:
        ended = [task for number in numbers if (task := self._followers.pop(number, None)) is not None]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
