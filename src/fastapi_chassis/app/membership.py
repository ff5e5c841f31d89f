"""Membership: a consumer in its group, also where the broker is away when it wants to join."""

import asyncio
import logging
import random
from typing import Protocol

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import Subscribed, Subscription, Transport

_log = logging.getLogger("fastapi_chassis.road")

_FIRST_PAUSE = 0.2  # seconds
_LONGEST_PAUSE = 10.0


class Member(Protocol):
    """Takes the deliveries of a group."""

    subscription: Subscription

    async def subscribe(self, transport: Transport) -> Subscribed:
        """Begins to take deliveries."""
        ...


class Membership:
    """One consumer's place in its group.

    Args:
        consumer: what takes the deliveries.
        transport: where they come from.
    """

    def __init__(self, consumer: Member, transport: Transport) -> None:
        self._consumer = consumer
        self._transport = transport
        self._subscribed: Subscribed | None = None
        self._joining: asyncio.Task[None] | None = None
        self._joined = asyncio.Event()

    async def join(self) -> None:
        """Joins, at once or as soon as the transport is there."""
        try:
            await self._subscribe()
        except UnavailableException as fault:
            group = self._consumer.subscription.group
            _log.warning("%s waits for the transport: %s", group, fault)
            self._joining = asyncio.create_task(self._join_later(), name=f"join {group}")

    async def joined(self) -> None:
        """Returns once it has joined."""
        await self._joined.wait()

    async def leave(self) -> None:
        """Takes no more messages and waits for those that it has; cancelled, it gives them back."""
        if self._joining is not None:
            self._joining.cancel()
            await asyncio.gather(self._joining, return_exceptions=True)
        if self._subscribed is not None:
            await self._subscribed.stop()

    async def _subscribe(self) -> None:
        self._subscribed = await self._consumer.subscribe(self._transport)
        self._joined.set()

    async def _join_later(self) -> None:
        group, pause = self._consumer.subscription.group, _FIRST_PAUSE
        while self._subscribed is None:
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads attempts, hides nothing
            pause = min(pause * 2, _LONGEST_PAUSE)
            try:
                await self._subscribe()
            except UnavailableException as fault:
                _log.info("%s still waits for the transport: %s", group, fault)
            except Exception:  # noqa: BLE001 - told in the log, and tried again
                _log.exception("%s could not join", group)
        _log.info("%s has joined", group)
