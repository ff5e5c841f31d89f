"""Leases: which member reads which stream for a group; they end by the server's clock."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi_chassis.messaging import ReadLease
from fastapi_chassis.plugins.redis.script import shipped_script
from fastapi_chassis.plugins.redis.topology import Call, Streams


@dataclass(slots=True, eq=False, kw_only=True)
class Lease(ReadLease):
    """The right to read a stream for a group.

    Args:
        name: where it is written down.
        token: what is written there; a read with another one gets nothing.
    """

    name: str
    token: str = ""


class Leases:
    """Takes, renews and gives back the leases of one member.

    Args:
        streams: what they are for.
        group: whose they are.
        member: who takes them.
    """

    def __init__(self, streams: Streams, group: str, member: str) -> None:
        self._streams, self._group, self._member = streams, group, member
        self._seconds = streams.config.lease
        self._hold, self._renew = shipped_script("stream_hold"), shipped_script("lock_renew")
        self._release = shipped_script("lock_release")
        self._count = 0

    def of(self, partition: int) -> Lease:
        """Names the lease of a stream, which is not taken yet."""
        return Lease(partition=partition, name=self._streams.lease(partition, self._group))

    async def take(self, lease: Lease) -> bool:
        """Takes a lease, or has it written anew: what is on its way with the token of before gets nothing.

        Raises:
            UnavailableException: the server does not answer.
        """
        async with lease.turn:
            begun = time.monotonic()
            self._count += 1
            token = f"{self._member} {self._count}"
            args = (self._member, token, self._milliseconds)
            (is_ours,) = await self._streams.run([Call(self._hold, (lease.name,), args)])
            if is_ours:
                lease.token, lease.until = token, begun + self._seconds
            return bool(is_ours)

    async def renew(self, leases: Sequence[Lease]) -> list[Lease]:
        """Makes leases last, and returns those that are lost.

        Raises:
            UnavailableException: the server does not answer.
        """
        for lease in leases:
            await lease.turn.acquire()
        try:
            begun = time.monotonic()
            calls = [Call(self._renew, (one.name,), (one.token, self._milliseconds)) for one in leases]
            replies = await self._streams.run(calls)
            for lease, is_ours in zip(leases, replies, strict=True):
                lease.until = begun + self._seconds if is_ours else 0
        finally:
            for lease in leases:
                lease.turn.release()
        return [lease for lease in leases if not lease.until]

    async def give_back(self, lease: Lease) -> None:
        """Lets somebody else have it.

        Raises:
            UnavailableException: the server does not answer.
        """
        async with lease.turn:
            lease.until = 0
            await self._streams.run([Call(self._release, (lease.name,), (lease.token,))])

    @property
    def _milliseconds(self) -> int:
        return int(self._seconds * 1000)
