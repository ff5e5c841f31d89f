"""Tenure: what one relay holds of the outbox; renewed in time, shared with relays that come and go."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import timedelta
from time import monotonic

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging.config import RelayConfig
from fastapi_chassis.messaging.outage import Outage
from fastapi_chassis.messaging.outbox_meter import OutboxMeter
from fastapi_chassis.messaging.partitions import PARTITIONS, Holding, PartitionLeases

_log = logging.getLogger("fastapi_chassis.messaging.relay")

_RENEWALS = 4  # within one lease


class Tenure:
    """Keeps the partitions of one relay.

    Args:
        leases: where they are kept.
        owner: names the relay.
        config: how long a lease is.
        in_use: tells the partitions whose messages are on their way, which are not given back meanwhile.
        changed: called when there is more or less to do.
        meter: counts what went to others unnoticed.
    """

    def __init__(
        self,
        leases: PartitionLeases,
        owner: str,
        config: RelayConfig,
        *,
        in_use: Callable[[], Collection[int]],
        changed: Callable[[], None],
        meter: OutboxMeter | None = None,
    ) -> None:
        self._leases = leases
        self._owner = owner
        self._config = config
        self._in_use = in_use
        self._changed = changed
        self._meter = meter or OutboxMeter()
        self._holding = Holding({})
        self._ends = 0.0
        self._stopping = asyncio.Event()
        self.outage = Outage("the outbox", config.retry)

    @property
    def tokens(self) -> Mapping[int, int]:
        """The partitions to work on, with their fences; none once the lease may have ended unnoticed."""
        return self._kept() if monotonic() < self._ends else {}

    @property
    def is_whole(self) -> bool:
        """Whether no other relay has anything."""
        return len(self.tokens) == PARTITIONS

    async def run(self) -> None:
        """Renews until it is stopped; a renewal that has begun comes to its end."""
        while not self._stopping.is_set():
            try:
                await self._renew()
                pause = self._config.lease / _RENEWALS
            except Exception as fault:  # noqa: BLE001 - logged by the outage, and tried again
                self.outage.failed(fault)
                pause = min(self.outage.left, self._config.lease / _RENEWALS)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()

    def stop(self) -> None:
        """Has it renew no more."""
        self._stopping.set()

    async def end(self) -> None:
        """Gives everything back; where that fails, the leases end by themselves."""
        self._holding, self._ends = Holding({}), 0.0
        try:
            async with asyncio.timeout(self._config.stop_timeout):
                await self._leases.release(self._owner)
        except (TimeoutError, UnavailableException) as fault:
            _log.warning("the relay's partitions were not given back, and end by themselves: %r", fault)

    async def _renew(self) -> None:
        asked, before = monotonic(), self._holding
        holding = await self._leases.hold(self._owner, timedelta(seconds=self._config.lease))
        self._holding, self._ends = holding, asked + self._config.lease
        self.outage.healed()
        lost = [one for one, token in before.tokens.items() if holding.tokens.get(one) != token]
        if lost:
            _log.warning("this relay lost %d partitions; what it was publishing may go out twice", len(lost))
            self._meter.lost(len(lost))
        if holding.tokens != before.tokens:
            self._changed()
        await self._give_back()

    async def _give_back(self) -> None:
        surplus = self._holding.tokens.keys() - self._kept().keys()
        if free := surplus.difference(self._in_use()):
            await self._leases.release(self._owner, free)
            kept = {one: token for one, token in self._holding.tokens.items() if one not in free}
            self._holding = Holding(kept, self._holding.share)

    def _kept(self) -> Mapping[int, int]:
        holding = self._holding
        if len(holding.tokens) <= holding.share:
            return holding.tokens
        return dict(sorted(holding.tokens.items())[: holding.share])
