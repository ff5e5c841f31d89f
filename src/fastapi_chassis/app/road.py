"""Road: the way of integration events in this process: sink, relay, transport, consumers."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

from fastapi_chassis.app.container import Container
from fastapi_chassis.app.dead_letters import DeadLetterPlaces
from fastapi_chassis.app.departures import Departures, NoOutbox
from fastapi_chassis.app.membership import Membership
from fastapi_chassis.app.module import ServiceModule
from fastapi_chassis.app.scheduling import Scheduling
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
    ClaimCheckReceiver,
    Consumer,
    DeadLetters,
    EventRegistry,
    InboxStore,
    MessagingConfig,
    Purge,
    Routing,
    Transport,
)

_log = logging.getLogger("fastapi_chassis.road")

type Listener = Callable[[Sequence[RecordedEvent]], None]


class Road:
    """Takes integration events out of the service and hands those that arrive to its consumers.

    Args:
        service: the service's name, which begins the names of its consumer groups.
        config: outbox, inbox, attempts, relay.
        modules: whose consumers take events.
        stores: where outbox and inbox of each module lie.
        container: opens the scopes of consumers and holds the transport.
        stop_timeout: seconds that consumers get, when the road ends, for the messages that they hold.
        scheduling: what the service sends itself.
    """

    def __init__(
        self,
        service: str,
        config: MessagingConfig,
        modules: Sequence[ServiceModule],
        stores: Stores,
        container: Container,
        *,
        stop_timeout: float,
        scheduling: Scheduling | None = None,
    ) -> None:
        self.config = config
        self.routing = Routing(config.destination_prefix)
        self.findings: list[Finding] = []
        self.listeners: list[Listener] = []
        self.upcasters = tuple(step for module in modules for step in module.upcasters)
        self._stores = stores
        self._container = container
        self._stop_timeout = stop_timeout
        self._scheduling = scheduling
        self.departures = Departures(config, stores, container, service, stop_timeout=stop_timeout)
        self.claim_checks = self.departures.claim_checks
        self.transport: Transport = self.departures.transport
        self._handlers = {
            f"{service}.{module.name}": self._read(module, stores.of(module))
            for module in modules
            if module.consumers
        }
        groups = {f"{service}.{module.name}": stores.of(module) for module in modules if module.consumers}
        self.dead_letters = DeadLetterPlaces(service, config.dead_letters, groups, stores.used)
        try:
            self.made_consumers()
        except ChassisError as fault:
            self.findings += fault.findings
        events = [one.message for one in self.consumers if issubclass(one.message, IntegrationEvent)]
        self.findings += EventRegistry(events, self.upcasters).findings

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
        await self.departures.sink.accept(events, unit_of_work)
        for listener in self.listeners:
            unit_of_work.after_commit(partial(listener, events))

    def sink_of(self, place: StorePlace) -> EventSink:
        """Returns the way out of a store's integration events."""
        lacks_outbox = self.config.enable_outbox and place.store.outbox() is None
        return NoOutbox(place) if lacks_outbox else self

    def made_consumers(self) -> list[ClaimCheckReceiver]:
        """Makes the consumer of each module."""
        consumers = [
            Consumer(
                group,
                handlers,
                scopes=self._container.open_scope,
                config=self.config,
                upcasters=self.upcasters,
            )
            for group, handlers in self._handlers.items()
        ]
        return [self.claim_checks.receiving(consumer) for consumer in consumers]

    def desk(self) -> DeadLetters:
        """Makes what an operator works with; a replay goes to the consumers of this process."""
        return self.dead_letters.desk([*self.made_consumers(), *self.departures.once_more()])

    def wake(self, partitions: Collection[int] = ()) -> None:
        """Says that something was committed; cheap, and never blocks."""
        self.departures.wake(partitions)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Carries events for the length of a block; at its end consumers stop first, then what sends."""
        async with AsyncExitStack() as stack:
            if self.config.enable_inbox and self._handlers:
                for inbox in self._inboxes():
                    forget = partial(inbox.purge, self.config.inbox.remembered)
                    await stack.enter_async_context(Purge("the inbox", forget, self.config.inbox).running())
            await stack.enter_async_context(self.departures.ringing())
            await stack.enter_async_context(self.claim_checks.purging())
            for purge in self.dead_letters.purges():
                await stack.enter_async_context(purge.running())
            kept = [self.dead_letters.keeping(one, self.config.retry) for one in self.made_consumers()]
            own = self._scheduling.consumers if self._scheduling else ()
            takers = [*kept, *map(self.claim_checks.receiving, own)]
            members = [Membership(taker, self.transport) for taker in takers]
            leave, end = partial(self._leave, members), self.departures.begin(members)
            # within one process, nobody takes what is sent after the consumers have left
            for last_one_first in (leave, end) if self.departures.is_local else (end, leave):
                stack.push_async_callback(last_one_first)
            for member in members:
                await member.join()
            if self._scheduling is not None:
                await stack.enter_async_context(self._scheduling.running(self.wake))
            yield

    @asynccontextmanager
    async def operating(self) -> AsyncIterator[DeadLetters]:
        """Gives an operator the dead letters for the length of a block, and takes no other message."""
        try:
            yield self.desk()
        finally:
            await self.departures.drain()

    def _inboxes(self) -> list[InboxStore]:
        return [inbox for place in self._stores.used if (inbox := place.store.inbox()) is not None]

    async def _leave(self, members: Iterable[Membership]) -> None:
        """Has every consumer stop at once; what they hold after the time-out comes again elsewhere."""
        try:
            async with asyncio.timeout(self._stop_timeout):
                await asyncio.gather(*(member.leave() for member in members))
        except TimeoutError:
            _log.warning("consumers held messages for more than %g s; those come again", self._stop_timeout)

    async def settled(self) -> None:
        """Returns when every event has found its end: acknowledged by every consumer, or set aside."""
        await self.departures.drained()
        backlog = self.departures.backlog
        while await backlog() or await self._come_due() or await backlog():
            self.wake()
            await asyncio.sleep(0.002)

    async def _come_due(self) -> int:
        return await self._scheduling.move() if self._scheduling else 0
