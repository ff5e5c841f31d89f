"""Relay: takes what waits in the outbox to the broker, together with the relays of other processes."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from enum import StrEnum
from functools import partial

from fastapi_chassis.domain import new_id
from fastapi_chassis.messaging.backlog_watch import BacklogWatch
from fastapi_chassis.messaging.config import RelayConfig
from fastapi_chassis.messaging.conveyor import Conveyor, Outages
from fastapi_chassis.messaging.outbox import Backlog, OutboxStore
from fastapi_chassis.messaging.outbox_meter import OutboxMeter
from fastapi_chassis.messaging.refused import Refused
from fastapi_chassis.messaging.ringer import Ringer
from fastapi_chassis.messaging.tenure import Tenure
from fastapi_chassis.messaging.transport import Transport


class RelayStateEnum(StrEnum):
    """What a relay does just now."""

    STOPPED = "stopped"
    RUNNING = "running"
    STANDBY = "standby"  # other relays hold every partition
    WAITING = "waiting"  # the store or the broker is away
    FAILING = "failing"  # something unexpected; it goes on trying


class Relay:
    """Publishes what the outbox holds, in the order of each key; relays share the partitions of the outbox.

    Args:
        outbox: the outbox as the relay sees it.
        transport: where the messages go.
        config: batches, lease, polling and time-outs.
        owner: names this relay in the leases; made from host and process where nothing is given.
        refused: keeps what no broker takes; without it, that holds its key.
        meter: shows what waits, and counts lost leases.
    """

    def __init__(
        self,
        outbox: OutboxStore,
        transport: Transport,
        config: RelayConfig | None = None,
        *,
        owner: str = "",
        refused: Refused | None = None,
        meter: OutboxMeter | None = None,
    ) -> None:
        self._outbox = outbox
        self._transport = transport
        self._config = config or RelayConfig()
        self._owner = owner or f"{socket.gethostname()}:{os.getpid()}:{new_id().hex[-8:]}"
        self._refused = refused
        self._meter = meter or OutboxMeter()
        self._watch = BacklogWatch(self.backlog, self._meter, self._config.watch_interval)
        self._ringer = Ringer(outbox.bell, self._config.retry)
        self._renew()

    def _renew(self) -> None:
        """Begins without memory of an earlier run."""
        self._outages = Outages(self._config)
        self._tenure = Tenure(
            self._outbox.leases,
            self._owner,
            self._config,
            in_use=self._in_use,
            changed=self._wake_all,
            meter=self._meter,
        )
        self._conveyors = [
            Conveyor(
                self._outbox,
                self._transport,
                self._config,
                self._outages,
                tokens=partial(self._tokens, number),
                refused=self._refused,
            )
            for number in range(self._config.batches)
        ]
        self._stack: AsyncExitStack | None = None
        self._working: list[asyncio.Task[None]] = []

    @property
    def state(self) -> RelayStateEnum:
        """What it does just now."""
        if self._stack is None:
            return RelayStateEnum.STOPPED
        outages = (*self._outages.all, self._tenure.outage)
        if any(task.done() for task in self._working) or any(one.unexpected for one in outages):
            return RelayStateEnum.FAILING
        if any(one.present for one in outages):
            return RelayStateEnum.WAITING
        return RelayStateEnum.RUNNING if self._tenure.tokens else RelayStateEnum.STANDBY

    async def backlog(self) -> Backlog:
        """Tells what still waits in the outbox."""
        return await self._outbox.backlog()

    def wake(self, partitions: Collection[int] = ()) -> None:
        """Says that something was committed in this process; cheap, and never blocks.

        Args:
            partitions: where it lies; anywhere if nothing is given.
        """
        for number in {one % self._config.batches for one in partitions}:
            self._conveyors[number].wake()
        if not partitions:
            self._wake_all()
        if not self._tenure.is_whole:
            self._ringer.wake()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Relay"]:
        """Runs for the length of a block."""
        await self.start()
        try:
            yield self
        finally:
            await self.stop()

    @asynccontextmanager
    async def ringing(self) -> AsyncIterator[None]:
        """Does nothing for the length of a block but tell relays in other processes of commits."""
        async with self._ringer.running():
            yield

    async def start(self) -> None:
        """Begins to work in the background."""
        if self._stack is not None:
            raise RuntimeError("this relay is running already")
        self._renew()
        stack = self._stack = AsyncExitStack()
        await stack.enter_async_context(self._ringer.running())
        if self._outbox.bell is not None:
            await stack.enter_async_context(self._outbox.bell.listening(self._wake_all))
        await stack.enter_async_context(self._watch.running())
        works = [self._tenure.run(), *(conveyor.run() for conveyor in self._conveyors)]
        self._working = [asyncio.create_task(work, name=f"relay {self._owner}") for work in works]

    async def stop(self) -> None:
        """Claims nothing more, waits for what is being published, and gives its partitions back.

        What the broker has not confirmed within `stop_timeout` seconds stays in the outbox.
        """
        if self._stack is None:
            return
        for conveyor in self._conveyors:
            conveyor.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._config.stop_timeout):
                await asyncio.wait(self._working[1:])
                self._tenure.stop()
                await asyncio.wait(self._working)
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        stack, self._stack = self._stack, None
        await stack.aclose()
        await self._tenure.end()

    def _wake_all(self) -> None:
        for conveyor in self._conveyors:
            conveyor.wake()

    def _in_use(self) -> Collection[int]:
        return {partition for conveyor in self._conveyors for partition in conveyor.in_use}

    def _tokens(self, number: int) -> Mapping[int, int]:
        """Returns the partitions of one conveyor: a key is always on the same one."""
        apart = self._config.batches
        return {one: token for one, token in self._tenure.tokens.items() if one % apart == number}
