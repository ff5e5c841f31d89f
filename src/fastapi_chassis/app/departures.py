"""Departures: how events leave the process: by relays from the outboxes, or after the commit without."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from fastapi_chassis.app.claim_checks import ClaimChecks
from fastapi_chassis.app.container import Container
from fastapi_chassis.app.membership import Membership
from fastapi_chassis.app.store import KeepsDeadLetters
from fastapi_chassis.app.stores import StorePlace, Stores
from fastapi_chassis.application import AbstractUnitOfWork, EventSink, RecordedEvent
from fastapi_chassis.domain import ChassisError, Finding
from fastapi_chassis.messaging import (
    DirectPublisher,
    Envelope,
    InMemoryTransport,
    MeasuredTransport,
    MessagingConfig,
    OnceMoreOut,
    OutboxMeter,
    OutboxPublisher,
    Receive,
    Refused,
    Relay,
    RoadMeter,
    Subscribed,
    Subscription,
    Transport,
    outbox_group,
    writer_for,
)

_log = logging.getLogger("fastapi_chassis.road")

_BATCHES_HERE = 16  # where a message counts as sent when it was handled, one must hold up few others


class BoundTransport:
    """The transport that the container holds, found when it is first used: a plugin may still have to start.

    Args:
        container: holds it.
    """

    def __init__(self, container: Container) -> None:
        self._container = container
        self._meter = RoadMeter()

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Sends a batch."""
        await (await self._found()).publish(envelopes)

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        """Begins to take deliveries."""
        return await (await self._found()).subscribe(subscription, receive)

    async def _found(self) -> Transport:
        found = await self._container.get(Transport)  # type: ignore[type-abstract]  # from the container
        return MeasuredTransport(found, self._meter)


class NoOutboxError(ChassisError):
    """An integration event was recorded in a store that can't keep it."""


class NothingToRelayError(ChassisError):
    """A relay was asked for where there is nothing that it could take anywhere."""


def _nothing_to_relay(is_local: bool) -> Finding:
    if is_local:
        what, remedy = "messages stay in the process", "enable a plugin that carries them, such as kafka."
    else:
        what, remedy = "there is no outbox", "use a store that has one, and messaging.enable_outbox: true."
    return Finding(what, remedy=remedy)


class NoOutbox:
    """The sink of a store that has no outbox: it refuses, so that nothing is written either.

    Args:
        place: the store.
    """

    def __init__(self, place: StorePlace) -> None:
        self._place = place

    async def accept(self, events: Sequence[RecordedEvent], unit_of_work: AbstractUnitOfWork) -> None:
        """Refuses the events of a transaction.

        Raises:
            NoOutboxError: always.
        """
        del unit_of_work
        names = ", ".join(sorted({type(recorded.event).__name__ for recorded in events}))
        what = f"{names} was recorded, and the store {self._place.name} has no outbox"
        raise NoOutboxError(Finding(what, remedy="keep the module in a store that carries messages."))


class Departures:
    """Takes events out of the process.

    Args:
        config: whether there are outboxes, and how relays work.
        stores: where the outboxes lie.
        container: holds the transport; without one, messages stay in the process.
        service: its name.
        stop_timeout: seconds that sending gets, when it ends, where there is no outbox.
    """

    def __init__(
        self,
        config: MessagingConfig,
        stores: Stores,
        container: Container,
        service: str,
        *,
        stop_timeout: float,
    ) -> None:
        self.is_local = not container.provides(Transport)
        if self.is_local:
            container.bind_instance(Transport, InMemoryTransport())
        self.claim_checks = ClaimChecks(config, container, is_local=self.is_local)
        self.transport = self.claim_checks.sending(BoundTransport(container))
        self.group = outbox_group(service)
        self._config = config
        self._stop_timeout = stop_timeout
        writer = writer_for(config, source=service)
        self._openings = [place.own_work for place in stores.used if place.store.outbox() is not None]
        self._relays = self._made_relays(stores) if config.enable_outbox else ()
        self._direct = None if config.enable_outbox else DirectPublisher(writer, self.transport)
        self.sink: EventSink = self._direct or OutboxPublisher(writer, wake=self.wake)

    def _made_relays(self, stores: Stores) -> tuple[Relay, ...]:
        settings = self._config.relay
        if self.is_local:
            settings = settings.model_copy(update={"batches": max(settings.batches, _BATCHES_HERE)})
        return tuple(
            Relay(
                *(outbox, self.transport, settings),
                refused=self._refused(place),
                meter=OutboxMeter(place.name),
            )
            for place in stores.used
            if (outbox := place.store.outbox()) is not None
        )

    def _refused(self, place: StorePlace) -> Refused | None:
        """Keeps what no broker takes with the dead letters of its store; where there are none, it waits."""
        limit, kept = self._config.relay.max_attempts, self._config.dead_letters.store == "module"
        if limit is None or not kept or not isinstance(place.store, KeepsDeadLetters):
            return None
        return Refused(place.store.dead_letters(), self.group, limit)

    def once_more(self) -> list[OnceMoreOut]:
        """Returns what takes replayed messages that no broker had taken."""
        return [OnceMoreOut(self.group, opening, self.wake) for opening in self._openings[:1]]

    def wake(self, partitions: Collection[int] = ()) -> None:
        """Says that something was committed; cheap, and never blocks."""
        for relay in self._relays:
            relay.wake(partitions)

    @asynccontextmanager
    async def ringing(self) -> AsyncIterator[None]:
        """Tells relays elsewhere of commits for the length of a block, where the service has none itself."""
        async with AsyncExitStack() as stack:
            for relay in () if self._config.relay.enabled else self._relays:
                await stack.enter_async_context(relay.ringing())
            yield

    def check(self) -> None:
        """Looks whether there is anything to relay.

        Raises:
            NothingToRelayError: messages do not leave the service, or leave it without an outbox.
        """
        if self.is_local or not self._relays:
            raise NothingToRelayError(_nothing_to_relay(self.is_local))

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[None]:
        """Takes what waits in the outboxes to the broker for the length of a block."""
        async with AsyncExitStack() as stack:
            for relay in self._relays:
                await stack.enter_async_context(relay.running())
            yield

    def begin(self, members: Iterable[Membership]) -> Callable[[], Awaitable[None]]:
        """Begins to send once everybody listens, and returns what ends that."""
        if self._direct is not None:
            return self.drain
        beginning = asyncio.create_task(self._begin(members), name="relay begins")
        return partial(self._end, beginning)

    async def drain(self) -> None:
        """Waits for what is being sent without an outbox, as long as it may take when the service stops."""
        try:
            async with asyncio.timeout(self._stop_timeout):
                await self.drained()
        except TimeoutError:
            _log.error(
                "messages were lost: sending took more than %g s, and there is no outbox", self._stop_timeout
            )

    async def drained(self) -> None:
        """Returns when nothing is being sent without an outbox."""
        if self._direct is not None:
            await self._direct.drain()

    async def backlog(self) -> int:
        """Counts what waits in the outboxes."""
        return sum([(await relay.backlog()).count for relay in self._relays])

    async def _begin(self, members: Iterable[Membership]) -> None:
        for member in members:  # a broker may drop what has no reader yet
            await member.joined()
        for relay in self._relays if self._config.relay.enabled else ():
            await relay.start()

    async def _end(self, beginning: asyncio.Task[None]) -> None:
        beginning.cancel()
        await asyncio.gather(beginning, return_exceptions=True)
        await asyncio.gather(*(relay.stop() for relay in self._relays))
