"""Road: the way of integration events in this process: sink, relay, transport, consumers."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

from fastapi_chassis.app.container import Container
from fastapi_chassis.app.membership import Membership
from fastapi_chassis.app.module import ServiceModule
from fastapi_chassis.app.stores import StorePlace, Stores
from fastapi_chassis.application import (
    AbstractUnitOfWork,
    EventSink,
    Handler,
    RecordedEvent,
    Step,
    read_handler,
)
from fastapi_chassis.domain import ChassisError, Finding, IntegrationEvent
from fastapi_chassis.messaging import (
    Consumer,
    DirectPublisher,
    Envelope,
    EnvelopeWriter,
    EventRegistry,
    InboxPurge,
    InboxStore,
    InMemoryTransport,
    MessagingConfig,
    OutboxPublisher,
    Receive,
    Relay,
    Routing,
    Subscribed,
    Subscription,
    Transport,
    codec_for,
)

_log = logging.getLogger("fastapi_chassis.road")

type Listener = Callable[[Sequence[RecordedEvent]], None]


class BoundTransport:
    """The transport that the container holds, found when it is first used: a plugin may still have to start.

    Args:
        container: holds it.
    """

    def __init__(self, container: Container) -> None:
        self._container = container

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Sends a batch."""
        await (await self._found()).publish(envelopes)

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        """Begins to take deliveries."""
        return await (await self._found()).subscribe(subscription, receive)

    async def _found(self) -> Transport:
        return await self._container.get(Transport)  # type: ignore[type-abstract]  # from the container


class NoOutboxError(ChassisError):
    """An integration event was recorded in a store that can't keep it."""


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


class Road:
    """Takes integration events out of the service and hands those that arrive to its consumers.

    Args:
        service: the service's name, which begins the names of its consumer groups.
        config: outbox, inbox, attempts, relay.
        modules: whose consumers take events.
        stores: where outbox and inbox of each module lie.
        container: opens the scopes of consumers and holds the transport.
        stop_timeout: seconds that consumers get, when the road ends, for the messages that they hold.
    """

    def __init__(
        self,
        service: str,
        config: MessagingConfig,
        modules: Iterable[ServiceModule],
        stores: Stores,
        container: Container,
        *,
        stop_timeout: float,
    ) -> None:
        self.config = config
        self.routing = Routing(config.destination_prefix)
        self.findings: list[Finding] = []
        self.listeners: list[Listener] = []
        self.transport = BoundTransport(container)
        self._stores = stores
        self._container = container
        self._stop_timeout = stop_timeout
        self._is_local = not container.provides(Transport)
        if self._is_local:
            container.bind_instance(Transport, InMemoryTransport())
        self._relays = self._made_relays() if config.enable_outbox else ()
        writer = EnvelopeWriter(codec_for(config), source=service, routing=self.routing)
        self._direct = None if config.enable_outbox else DirectPublisher(writer, self.transport)
        self._sink: EventSink = self._direct or OutboxPublisher(writer, wake=self.wake)
        self._handlers = {
            f"{service}.{module.name}": self._read(module, stores.of(module))
            for module in modules
            if module.consumers
        }
        try:
            self.made_consumers()
        except ChassisError as fault:
            self.findings += fault.findings
        events = [one.message for one in self.consumers if issubclass(one.message, IntegrationEvent)]
        self.findings += EventRegistry(events).findings

    def _made_relays(self) -> tuple[Relay, ...]:
        outboxes = [outbox for place in self._stores.used if (outbox := place.store.outbox()) is not None]
        return tuple(Relay(outbox, self.transport, self.config.relay) for outbox in outboxes)

    def _read(self, module: ServiceModule, place: StorePlace) -> tuple[Handler, ...]:
        read = [read_handler(function) for function in module.consumers]
        self.findings += [one for one in read if isinstance(one, Finding)]
        if self.config.enable_inbox and place.store.inbox() is None:
            self.findings.append(
                Finding(
                    f"module {module.name} has consumers, and its store {place.name} has no inbox",
                    f"modules.{module.name}.store",
                    "keep it in a store that carries messages, or set messaging.enable_inbox: false.",
                )
            )
        return tuple(one.within(place.unit_of_work) for one in read if isinstance(one, Handler))

    @property
    def groups(self) -> Mapping[str, tuple[Handler, ...]]:
        """The functions that take events, by the group that they form to the broker."""
        return self._handlers

    @property
    def consumers(self) -> tuple[Handler, ...]:
        """Every function that takes events."""
        return tuple(handler for handlers in self._handlers.values() for handler in handlers)

    def wrap_consumers(self, wrap: Callable[[Handler], Step]) -> None:
        """Puts something around every consumer, such as a test's counter; only before it runs."""
        self._handlers = {
            group: tuple(replace(handler, function=wrap(handler), dependencies={}) for handler in handlers)
            for group, handlers in self._handlers.items()
        }

    async def accept(self, events: Sequence[RecordedEvent], unit_of_work: AbstractUnitOfWork) -> None:
        """Takes the events of a transaction, as its way out; listeners are told once it is committed."""
        await self._sink.accept(events, unit_of_work)
        for listener in self.listeners:
            unit_of_work.after_commit(partial(listener, events))

    def sink_of(self, place: StorePlace) -> EventSink:
        """Returns the way out of a store's integration events."""
        lacks_outbox = self.config.enable_outbox and place.store.outbox() is None
        return NoOutbox(place) if lacks_outbox else self

    def made_consumers(self) -> list[Consumer]:
        """Makes the consumer of each module."""
        return [
            Consumer(group, handlers, scopes=self._container.open_scope, config=self.config)
            for group, handlers in self._handlers.items()
        ]

    def wake(self) -> None:
        """Says that something was committed; cheap, and never blocks."""
        for relay in self._relays:
            relay.wake()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Carries events for the length of a block; at its end consumers stop first, then what sends."""
        async with AsyncExitStack() as stack:
            if self.config.enable_inbox and self._handlers:
                for inbox in self._inboxes():
                    await stack.enter_async_context(InboxPurge(inbox, self.config.inbox).running())
            members = [Membership(consumer, self.transport) for consumer in self.made_consumers()]
            leave, end = partial(self._leave, members), self._sending(members)
            # within one process, nobody takes what is sent after the consumers have left
            for last_one_first in (leave, end) if self._is_local else (end, leave):
                stack.push_async_callback(last_one_first)
            for member in members:
                await member.join()
            yield

    def _sending(self, members: Iterable[Membership]) -> Callable[[], Awaitable[None]]:
        """Begins to send, and returns what ends that."""
        if self._direct is not None:
            return self._drain
        beginning = asyncio.create_task(self._begin(members), name="relay begins")
        return partial(self._end, beginning)

    async def _begin(self, members: Iterable[Membership]) -> None:
        """Starts the relays once everybody listens: a broker may drop what has no reader yet."""
        for member in members:
            await member.joined()
        for relay in self._relays:
            await relay.start()

    async def _end(self, beginning: asyncio.Task[None]) -> None:
        beginning.cancel()
        await asyncio.gather(beginning, return_exceptions=True)
        await asyncio.gather(*(relay.stop() for relay in self._relays))

    def _inboxes(self) -> list[InboxStore]:
        return [inbox for place in self._stores.used if (inbox := place.store.inbox()) is not None]

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(self._stop_timeout):
                await self._drained()
        except TimeoutError:
            _log.error(
                "messages were lost: sending took more than %g s, and there is no outbox", self._stop_timeout
            )

    async def _drained(self) -> None:
        if self._direct is not None:
            await self._direct.drain()

    async def _leave(self, members: Iterable[Membership]) -> None:
        """Has every consumer stop at once; what they hold after the time-out comes again elsewhere."""
        try:
            async with asyncio.timeout(self._stop_timeout):
                await asyncio.gather(*(member.leave() for member in members))
        except TimeoutError:
            _log.warning("consumers held messages for more than %g s; those come again", self._stop_timeout)

    async def settled(self) -> None:
        """Returns when every event has found its end: acknowledged by every consumer, or set aside."""
        await self._drained()
        while await self._backlog():
            self.wake()
            await asyncio.sleep(0.002)

    async def _backlog(self) -> int:
        return sum([(await relay.backlog()).count for relay in self._relays])
