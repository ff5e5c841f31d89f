"""Partition: one stream as a member reads it, and what it holds of it."""

import asyncio
import logging
from dataclasses import dataclass
from typing import cast

from fastapi_chassis.domain import ChassisError, UnavailableException
from fastapi_chassis.messaging import Deliveries, Held, UnreadableMessage
from fastapi_chassis.plugins.redis.lease import Lease, Leases
from fastapi_chassis.plugins.redis.message import Entry, entries_in, envelope_in, stand_in_for
from fastapi_chassis.plugins.redis.publishing import away
from fastapi_chassis.plugins.redis.script import shipped_script
from fastapi_chassis.plugins.redis.topology import Call, Streams

_LONGEST_WAIT = 1.0  # seconds for which the server keeps a reader waiting
_MOST = 500  # messages that are taken at once
_NEW = ">"
_log = logging.getLogger("fastapi_chassis.redis")


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What the server knows a message by.

    Args:
        partition: the stream that gave it.
        entry: as it came.
    """

    partition: "Partition"
    entry: Entry


class Partition:
    """Takes messages while there is room, first those that were given before and are not settled.

    All that a group was given of a stream belongs to one consumer, whoever reads: who comes next finds it, in
    its order. A message is taken by a script that looks at the lease; who waits for one takes nothing.

    Args:
        group: for whom it is read.
        lease: the right to do so.
        leases: has it written anew.
        streams: where it lies.
        deliveries: where messages go.
    """

    def __init__(
        self,
        group: str,
        lease: Lease,
        leases: Leases,
        streams: Streams,
        deliveries: Deliveries[Given],
    ) -> None:
        self.lease, self._leases = lease, leases
        self.share = 1
        self._group, self._streams, self._deliveries = group, streams, deliveries
        self._stream = streams.stream(lease.partition)
        self._take = shipped_script("stream_take")
        self._held: set[bytes] = set()
        self._settled: dict[bytes, None] = {}  # what the server has not confirmed as settled
        self._telling: asyncio.Task[None] | None = None
        self._has_room = asyncio.Event()

    async def follow(self) -> None:
        """Takes messages until it is cancelled.

        Raises:
            UnavailableException: the server is away, or the lease is lost.
        """
        if not await self._leases.take(self.lease):
            raise away()
        await self._tell()
        after: bytes | str = "0"
        while True:
            while self._room < max(1, self.share // 4):
                self._has_room.clear()
                await self._has_room.wait()
            entries, looked_at, last = await self._taken(after)
            for entry in entries:
                if entry.id not in self._held and entry.id not in self._settled:
                    await self._put(entry)
            if after != _NEW:
                after = last if looked_at else _NEW
            elif not looked_at:
                await self._wait(last)

    def settle(self, given: Given) -> None:
        """Tells the server of the end of a message, together with others'."""
        self._held.discard(given.entry.id)
        self._settled[given.entry.id] = None
        self._has_room.set()
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_later(), name=f"settle {self._stream}")

    async def leave(self) -> None:
        """Waits for what is being handled, and forgets the rest; `follow` has ended.

        Raises:
            UnavailableException: the server does not hear what is settled.
        """
        self._forget()
        await self._deliveries.finished(lambda held: held.handle.partition is self)
        if self._telling is not None:
            await self._telling
        await self._tell()
        self._held.clear()

    def lose(self) -> None:
        """Forgets what somebody else is given."""
        self._forget()
        self._held.clear()

    @property
    def _room(self) -> int:
        return self.share - len(self._held)

    def _forget(self) -> None:
        self._deliveries.forget(lambda held: held.handle.partition is self)

    async def _taken(self, after: bytes | str) -> tuple[list[Entry], int, bytes]:
        names = self._streams
        keys = (
            self._stream,
            self.lease.name,
            names.wanted(self.lease.partition, self._group),
        )
        args = (self._group, self.lease.token, min(self._room, _MOST), after)
        (reply,) = await names.run([Call(self._take, keys, args)])
        if reply is None:
            raise away()
        found, looked_at, last = cast("tuple[object, int, bytes]", reply)
        return entries_in(found), looked_at, last

    async def _wait(self, last: bytes) -> None:
        """Returns when there may be something behind a message."""
        connection = self._streams.connection
        longest = min(_LONGEST_WAIT, connection.config.command_timeout / 2)
        await connection.run(
            "XREAD", "COUNT", 1, "BLOCK", int(longest * 1000), "STREAMS", self._stream, last, again=True
        )

    async def _tell_later(self) -> None:
        try:
            await self._tell()
        except (UnavailableException, ChassisError) as error:  # `follow` begins with it
            _log.warning("%d messages of %s wait to be settled: %r", len(self._settled), self._group, error)

    async def _tell(self) -> None:
        while self._settled:
            batch = tuple(self._settled)[:_MOST]
            await self._streams.connection.run("XACK", self._stream, self._group, *batch, again=True)
            for one in batch:
                self._settled.pop(one, None)

    async def _put(self, entry: Entry) -> None:
        given = Given(self, entry)
        if not entry.fields:
            _log.error("%s was removed from %s before %s settled it", entry.id, self._stream, self._group)
            self.settle(given)
            return
        self._held.add(entry.id)
        try:
            held = Held(envelope_in(entry.fields), given)
        except UnreadableMessage as fault:
            held = Held(stand_in_for(entry, self._stream), given, unreadable=str(fault))
        self._deliveries.put(held)
