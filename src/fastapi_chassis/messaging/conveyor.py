"""Conveyor: claims, publishes and settles the messages of some partitions, one batch at a time."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from fastapi_chassis.messaging.backoff import full_jitter
from fastapi_chassis.messaging.config import RelayConfig
from fastapi_chassis.messaging.destinations import Destinations
from fastapi_chassis.messaging.outage import Outage
from fastapi_chassis.messaging.outbox import Claim, OutboxEntry, OutboxStore
from fastapi_chassis.messaging.refused import Refused
from fastapi_chassis.messaging.transport import PublishFailed, Transport
from fastapi_chassis.messaging.verdict import cut

_log = logging.getLogger("fastapi_chassis.messaging.relay")

_FIRST_LIMIT = 500  # messages, before anything is known of their size
_IN_A_ROW = 10  # batches, before it looks whether something was committed late

type Failures = dict[int, tuple[timedelta, str]]


class Outages:
    """What may be away on the road, as all conveyors of a relay see it.

    Args:
        config: the waits between attempts.
    """

    def __init__(self, config: RelayConfig) -> None:
        self.store = Outage("the outbox", config.retry)
        self.broker = Outage("the broker", config.retry)
        self.settling = Outage("settling in the outbox", config.retry)
        self.destinations = Destinations(config.retry)

    @property
    def all(self) -> tuple[Outage, ...]:
        """Those of which one is enough to stop everything."""
        return (self.store, self.broker, self.settling)


class Conveyor:
    """One of the ways on which a relay works at once; a key is on one of them only.

    Args:
        outbox: the outbox as the relay sees it.
        transport: where the messages go.
        config: size of a batch, polling, waits.
        outages: what is away.
        tokens: tells the partitions to work on, each with its fence.
        refused: keeps what no broker takes; without it, that holds its key.
    """

    def __init__(
        self,
        outbox: OutboxStore,
        transport: Transport,
        config: RelayConfig,
        outages: Outages,
        *,
        tokens: Callable[[], Mapping[int, int]],
        refused: Refused | None = None,
    ) -> None:
        self._outbox = outbox
        self._transport = transport
        self._config = config
        self._outages = outages
        self._tokens = tokens
        self._refused = refused
        self._signal = asyncio.Event()
        self._stopping = asyncio.Event()
        self._idle = config.poll_busy
        self._limit = min(_FIRST_LIMIT, config.batch)
        self._left_out: frozenset[str] = frozenset()
        self.in_use: Collection[int] = ()

    def wake(self) -> None:
        """Says that something was committed."""
        self._signal.set()

    def stop(self) -> None:
        """Has it claim nothing more."""
        self._stopping.set()
        self._signal.set()

    async def run(self) -> None:
        """Works until it is stopped; what it has claimed it takes to its end."""
        while not self._stopping.is_set():
            self._signal.clear()
            try:
                pause, is_woken = await self._turn()
            except Exception as fault:  # noqa: BLE001 - the loop outlives whatever happens in a turn
                self._outages.store.failed(fault)
                pause, is_woken = self._outages.store.left, False
            if pause:
                await self._pause(pause, is_woken=is_woken)

    async def _turn(self) -> tuple[float, bool]:
        """Takes one batch; says how long to pause, and whether a signal ends the pause."""
        if blocked := self._outages.broker.left:
            return blocked, False
        tokens = self._tokens()
        if not tokens:
            return self._config.poll_idle, True
        self.in_use = tokens.keys()
        try:
            claim = await self._claim(tokens)
            if claim.entries:
                self._idle = self._config.poll_busy
                for _ in range(_IN_A_ROW):
                    following = await self._carry(claim)
                    if following is None or not following.entries:
                        break
                    claim = following
                return 0.0, True
        finally:
            self.in_use = ()
        pause, self._idle = self._idle, min(self._idle * 2, self._config.poll_idle)
        return pause, True

    async def _claim(self, tokens: Mapping[int, int], *, after: int = 0) -> Claim:
        closed = self._outages.destinations.closed
        # what was left out stays so until the reading begins anew: its keys would overtake themselves
        self._left_out = self._left_out | closed if after else closed
        claim = await self._outbox.claim(tokens, limit=self._limit, without=self._left_out, after=after)
        self._outages.store.healed()
        return claim

    async def _carry(self, claim: Claim) -> Claim | None:
        """Takes a batch to the broker; returns the next one, where all went well and more was waiting."""
        is_full = len(claim.entries) >= self._limit
        self._adjust(claim.entries)
        in_turn = _in_turn(claim.entries)
        is_ahead = is_full and len(in_turn) == len(claim.entries)
        reading = self._claim(claim.tokens, after=claim.entries[-1].sequence) if is_ahead else None
        claim = replace(claim, entries=in_turn)
        following = None if reading is None else asyncio.create_task(reading)
        try:
            try:
                failed = await self._send(claim.entries)
            except Exception as fault:  # noqa: BLE001 - the messages are still in the outbox and come again
                self._outages.broker.failed(fault)
                return None
            self._outages.broker.healed()
            is_whole = await self._settle(claim, failed)
            if following is None or failed or not is_whole or self._stopping.is_set() or not self._tokens():
                return None
            return await following
        except asyncio.CancelledError:
            if following is not None:
                following.cancel()
            raise
        finally:
            if following is not None:
                await asyncio.gather(following, return_exceptions=True)

    async def _send(self, entries: Sequence[OutboxEntry]) -> Failures:
        reasons: Mapping[int, str] = {}
        unsent: Collection[int] = ()
        try:
            await self._transport.publish([entry.envelope for entry in entries])
        except PublishFailed as fault:
            _log.warning("%s", fault)
            reasons, unsent = fault.reasons, fault.unsent
        refused: dict[str, set[str]] = {}
        for position in reasons:
            envelope = entries[position].envelope
            refused.setdefault(envelope.destination, set()).add(envelope.key)
        confirmed = {
            entry.envelope.destination for position, entry in enumerate(entries) if position not in reasons
        }
        self._outages.destinations.note(confirmed, refused, next(iter(reasons.values()), ""))
        failed: Failures = {}
        for position, reason in reasons.items():
            entry = entries[position]
            if self._refused is None or position in unsent or not await self._refused.keeps(entry, reason):
                failed[entry.sequence] = (full_jitter(self._config.retry, entry.attempts + 1), cut(reason))
        return failed

    async def _settle(self, claim: Claim, failed: Failures) -> bool:
        """Settles what the broker has answered, however often it takes: what is forgotten goes out twice.

        Returns whether every partition was still this relay's.
        """
        published = [entry.sequence for entry in claim.entries if entry.sequence not in failed]
        while True:
            try:
                lost = await self._outbox.settle(claim, published=published, failed=failed)
            except Exception as fault:  # noqa: BLE001 - logged by the outage
                self._outages.settling.failed(fault)
                await asyncio.sleep(self._outages.settling.left)
                continue
            self._outages.settling.healed()
            if lost:
                _log.warning("messages of %d partitions were published on a lost lease", len(lost))
            return not lost

    def _adjust(self, entries: Sequence[OutboxEntry]) -> None:
        """Lets batches grow while they are full and small, and shrink where messages are large."""
        size = sum(len(entry.envelope.payload) for entry in entries)
        if size > self._config.batch_bytes:
            self._limit = max(1, self._limit * self._config.batch_bytes // size)
        elif len(entries) == self._limit and 2 * size <= self._config.batch_bytes:
            self._limit = min(2 * self._limit, self._config.batch)

    async def _pause(self, seconds: float, *, is_woken: bool) -> None:
        awaited = self._signal if is_woken else self._stopping
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await awaited.wait()


def _in_turn(entries: tuple[OutboxEntry, ...]) -> tuple[OutboxEntry, ...]:
    """Leaves out what comes behind a message of its key that was refused before, and may be again."""
    doubtful = {entry.envelope.key: entry.sequence for entry in reversed(entries) if entry.attempts}
    if not doubtful:
        return entries
    return tuple(
        entry for entry in entries if entry.sequence <= doubtful.get(entry.envelope.key, entry.sequence)
    )
