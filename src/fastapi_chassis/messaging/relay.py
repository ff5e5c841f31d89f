"""Relay: takes what waits in the outbox to the broker; claims, publishes and settles in batches."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from enum import StrEnum

from fastapi_chassis.domain import UnavailableException, new_id
from fastapi_chassis.messaging.backoff import full_jitter
from fastapi_chassis.messaging.config import RelayConfig
from fastapi_chassis.messaging.outage import Outage
from fastapi_chassis.messaging.outbox import Backlog, Claim, OutboxEntry, OutboxStore
from fastapi_chassis.messaging.transport import PublishFailed, Transport
from fastapi_chassis.messaging.verdict import cut

_log = logging.getLogger("fastapi_chassis.messaging.relay")

_MAX_BEHIND = 10_000


class RelayStateEnum(StrEnum):
    """What a relay does just now."""

    STOPPED = "stopped"
    RUNNING = "running"
    STANDBY = "standby"  # another relay holds the lease
    WAITING = "waiting"  # the store or the broker is away
    FAILING = "failing"  # something unexpected; it goes on trying


class Relay:
    """Publishes what the outbox holds, in the order of each key; one relay at a time, by lease.

    Args:
        outbox: the outbox as the relay sees it.
        transport: where the messages go.
        config: batch, lease, polling and time-outs.
        owner: names this relay in the lease; made from host and process where nothing is given.
    """

    def __init__(
        self, outbox: OutboxStore, transport: Transport, config: RelayConfig | None = None, *, owner: str = ""
    ) -> None:
        self._outbox = outbox
        self._transport = transport
        self._config = config or RelayConfig()
        self._owner = owner or f"{socket.gethostname()}:{os.getpid()}:{new_id().hex[-8:]}"
        self._signal = asyncio.Event()
        self._stopping = asyncio.Event()
        self._store_outage = Outage("the outbox", self._config.retry)
        self._broker_outage = Outage("the broker", self._config.retry)
        self._settle_outage = Outage("settling in the outbox", self._config.retry)
        self._held: dict[int, str] = {}
        self._publishing: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None
        self._token: int | None = None
        self._idle = self._config.poll_busy
        self._behind = 0

    @property
    def state(self) -> RelayStateEnum:
        """What it does just now."""
        if self._loop is None:
            return RelayStateEnum.STOPPED
        outages = (self._store_outage, self._broker_outage, self._settle_outage)
        if self._loop.done() or any(outage.unexpected for outage in outages):
            return RelayStateEnum.FAILING
        if any(outage.present for outage in outages):
            return RelayStateEnum.WAITING
        return RelayStateEnum.STANDBY if self._token is None else RelayStateEnum.RUNNING

    async def backlog(self) -> Backlog:
        """Tells what still waits in the outbox."""
        return await self._outbox.backlog()

    def wake(self) -> None:
        """Says that something was committed; cheap, and never blocks."""
        self._signal.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Relay"]:
        """Runs for the length of a block."""
        await self.start()
        try:
            yield self
        finally:
            await self.stop()

    async def start(self) -> None:
        """Begins to work in the background."""
        if self._loop is not None:
            raise RuntimeError("this relay is running already")
        self._stopping.clear()
        self._loop = asyncio.create_task(self._run(), name=f"relay {self._owner}")

    async def stop(self) -> None:
        """Claims nothing more, waits for what is being published, and gives the lease back.

        What the broker has not confirmed within `stop_timeout` seconds stays in the outbox.
        """
        if self._loop is None:
            return
        self._stopping.set()
        self._signal.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._config.stop_timeout):
                await asyncio.wait({self._loop})
                while self._publishing:
                    await asyncio.wait(self._publishing)
        unfinished = [self._loop, *self._publishing]
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        self._loop = self._token = None
        try:
            async with asyncio.timeout(self._config.stop_timeout):
                await self._outbox.release(self._owner)
        except (TimeoutError, UnavailableException) as fault:
            _log.warning("the relay's lease was not given back, and ends by itself: %r", fault)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            self._signal.clear()
            try:
                pause, is_woken = await self._turn()
            except Exception as fault:  # noqa: BLE001 - the loop outlives whatever happens in a turn
                self._store_outage.failed(fault)
                pause, is_woken = self._store_outage.left, False
            await self._pause(pause, is_woken=is_woken)

    async def _turn(self) -> tuple[float, bool]:
        """Claims a batch and publishes it; says how long to pause, and whether a signal ends the pause."""
        config, blocked = self._config, self._broker_outage.left
        room = 0 if blocked else min(config.batch, config.in_flight - len(self._held))
        limit = len(self._held) + self._behind + room if room > 0 else 0
        claim = await self._outbox.claim(self._owner, limit=limit, lease=timedelta(seconds=config.lease))
        self._store_outage.healed()
        self._note_lease(claim)
        if claim is None:
            return min(config.poll_idle, config.lease / 3), False
        if blocked:
            return min(blocked, config.lease / 3), False
        fresh = self._fresh(claim.entries)
        if not fresh:
            pause = self._idle
            self._idle = min(pause * 2, config.poll_idle, config.lease / 3)
            return pause, True
        self._idle = config.poll_busy
        await self._begin(claim.token, fresh[:room])
        return (0.0 if len(claim.entries) == limit else config.poll_busy), True

    def _note_lease(self, claim: Claim | None) -> None:
        token = None if claim is None else claim.token
        if self._token is not None and token != self._token:
            _log.warning("this relay lost its lease; what it was publishing may go out twice")
        self._token = token

    def _fresh(self, entries: Sequence[OutboxEntry]) -> list[OutboxEntry]:
        """Leaves out what is being published, and what must come after it."""
        keys = set(self._held.values())
        waiting = [entry for entry in entries if entry.sequence not in self._held]
        fresh = [entry for entry in waiting if entry.envelope.key not in keys]
        self._behind = min(len(waiting) - len(fresh), _MAX_BEHIND)
        return fresh

    async def _begin(self, token: int, entries: Sequence[OutboxEntry]) -> None:
        """Starts to publish, and waits a moment for the end of it: brokers are usually quick."""
        self._held.update((entry.sequence, entry.envelope.key) for entry in entries)
        publishing = asyncio.create_task(self._publish(token, entries), name=f"relay {self._owner} publishes")
        self._publishing.add(publishing)
        publishing.add_done_callback(self._publishing.discard)
        await asyncio.wait({publishing}, timeout=min(self._config.patience, self._config.lease / 3))

    async def _publish(self, token: int, entries: Sequence[OutboxEntry]) -> None:
        try:
            failed = await self._send(entries)
            self._broker_outage.healed()
            await self._settle(Claim(token, tuple(entries)), failed)
        except Exception as fault:  # noqa: BLE001 - the messages are still in the outbox and come again
            self._broker_outage.failed(fault)
        finally:
            for entry in entries:
                self._held.pop(entry.sequence, None)
            self._signal.set()

    async def _send(self, entries: Sequence[OutboxEntry]) -> dict[int, tuple[timedelta, str]]:
        try:
            await self._transport.publish([entry.envelope for entry in entries])
        except PublishFailed as fault:
            retry = self._config.retry
            _log.warning("%s", fault)
            return {
                entries[position].sequence: (
                    full_jitter(retry, entries[position].attempts + 1),
                    cut(reason),
                )
                for position, reason in fault.reasons.items()
            }
        return {}

    async def _settle(self, claim: Claim, failed: dict[int, tuple[timedelta, str]]) -> None:
        """Settles what the broker has answered, however often it takes: what is forgotten goes out twice."""
        published = [entry.sequence for entry in claim.entries if entry.sequence not in failed]
        while True:
            try:
                is_ours = await self._outbox.settle(claim, published=published, failed=failed)
            except Exception as fault:  # noqa: BLE001 - logged by the outage
                self._settle_outage.failed(fault)
                await asyncio.sleep(self._settle_outage.left)
                continue
            self._settle_outage.healed()
            if not is_ours:
                _log.warning("%d messages were published on a lost lease and go out twice", len(published))
            return

    async def _pause(self, seconds: float, *, is_woken: bool) -> None:
        awaited = self._signal if is_woken else self._stopping
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await awaited.wait()
