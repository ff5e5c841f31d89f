"""Consumer: takes deliveries, has each handler do its work once, and says what became of it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

from fastapi_chassis.application import (
    AbstractUnitOfWork,
    Handler,
    ScopeFactory,
    Step,
    invocation,
    open_scope,
    use_context,
)
from fastapi_chassis.domain import Finding, IntegrationEvent, WiringError
from fastapi_chassis.messaging.cloudevents import opened
from fastapi_chassis.messaging.codec import Codec, UnreadableMessage, codec_for
from fastapi_chassis.messaging.config import MessagingConfig
from fastapi_chassis.messaging.conversation import context_of
from fastapi_chassis.messaging.group_commit import TOGETHER, GroupCommit
from fastapi_chassis.messaging.inbox import inbox_for
from fastapi_chassis.messaging.outcome import Ack, DeadLetter, Outcome, Retry
from fastapi_chassis.messaging.registry import EventRegistry
from fastapi_chassis.messaging.road_meter import UNREADABLE, RoadMeter
from fastapi_chassis.messaging.routing import Routing
from fastapi_chassis.messaging.transport import Delivery, Subscribed, Subscription, Transport
from fastapi_chassis.messaging.verdict import cut, is_cancelled, verdict_on

_log = logging.getLogger("fastapi_chassis.messaging.consumer")


@dataclass(frozen=True, slots=True)
class _Reader:
    """One handler, under the name by which the inbox knows it."""

    name: str
    handle: Step
    unit_of_work: type[AbstractUnitOfWork]
    group_commit: GroupCommit


class Consumer:
    """The handlers of one group: each message that concerns them is given to each of them.

    Args:
        group: names them to the broker, such as `shop.notifications`; replicas of a service share it.
        handlers: their first parameter is an integration event.
        scopes: opens the scope in which a message is handled.
        config: attempts, time-outs, concurrency, and whether there is an inbox.
        registry: the events that exist; those of the handlers where nothing is given.
        upcasters: what reads older versions of those.

    Raises:
        WiringError: a handler takes something else, or two would go by one name.
    """

    def __init__(
        self,
        group: str,
        handlers: Iterable[Handler],
        *,
        scopes: ScopeFactory,
        config: MessagingConfig | None = None,
        registry: EventRegistry | None = None,
        upcasters: Iterable[object] = (),
    ) -> None:
        self._config = config or MessagingConfig()
        self._scopes = scopes
        self._codec: Codec = codec_for(self._config)
        self._alone = asyncio.Semaphore(self._config.concurrency)
        self._meter = RoadMeter()
        self._readers = _readers(group, tuple(handlers), self._group_commit)
        self._registry = registry or EventRegistry(self._readers, upcasters)
        routing = Routing(self._config.destination_prefix)
        self.subscription = Subscription(
            group,
            frozenset(routing.destination_of(event) for event in self._readers),
            self._at_once,
        )

    @property
    def _at_once(self) -> int:
        """How many deliveries it wants: while transactions run, the messages of the next one gather."""
        batch, alone = self._config.consumer.batch, self._config.concurrency
        return alone if batch == 1 else max(alone, batch * (TOGETHER + 1))

    def _group_commit(self, name: str, handler: Handler) -> GroupCommit:
        return GroupCommit(
            name,
            handler.unit_of_work,
            self._scopes,
            batch=self._config.consumer.batch,
            with_inbox=self._config.enable_inbox,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which the inbox knows the handlers, such as `shop.notifications.announce`."""
        return tuple(reader.name for readers in self._readers.values() for reader in readers)

    async def subscribe(self, transport: Transport) -> Subscribed:
        """Begins to take deliveries."""
        return await transport.subscribe(self.subscription, self.receive)

    @asynccontextmanager
    async def running(self, transport: Transport) -> AsyncIterator[Subscribed]:
        """Takes deliveries for the length of a block."""
        subscribed = await self.subscribe(transport)
        try:
            yield subscribed
        finally:
            await subscribed.stop()

    async def receive(self, delivery: Delivery) -> Outcome:
        """Handles one delivery; whatever happens in a handler, this says what becomes of the message."""
        if delivery.unreadable:
            return self._dead(delivery, cut(delivery.unreadable))
        try:
            envelope = opened(delivery.envelope)
            event = self._codec.read(envelope, self._registry)
        except UnreadableMessage as fault:
            return self._dead(delivery, cut(str(fault)))
        readers = self._readers.get(type(event), ())
        if not readers:
            group = self.subscription.group
            return self._dead(
                delivery, f"{group} has no handler for version {event.event_version} of {envelope.type}"
            )
        with use_context(context_of(envelope)):
            outcome = _worst([await self._attempt(reader, event, delivery) for reader in readers])
            _log.debug("%s: %s of %s", self.subscription.group, type(outcome).__name__, envelope.type)
        return outcome

    async def _attempt(self, reader: _Reader, event: IntegrationEvent, delivery: Delivery) -> Outcome:
        try:
            if delivery.attempt > 1 or not await self._handled_with_others(reader, event):
                async with self._alone, asyncio.timeout(self._config.handler_timeout):
                    await self._handle(reader, event)
        except asyncio.CancelledError as fault:
            if is_cancelled():
                raise  # by whoever stops the consumer: nothing is settled, the message comes again
            return self._judge(reader, delivery, fault)
        except Exception as fault:  # noqa: BLE001 - every failure of a handler settles the message
            return self._judge(reader, delivery, fault)
        return Ack()

    async def _handled_with_others(self, reader: _Reader, event: IntegrationEvent) -> bool:
        async def part(whole: AbstractUnitOfWork) -> None:
            async with open_scope(self._scopes) as scope:
                unit_of_work = await scope.get(reader.unit_of_work)
                unit_of_work.join(whole)
                async with unit_of_work:
                    await _run(reader, event)
                    await unit_of_work.commit()

        return await reader.group_commit.handle(event.event_id, part)

    async def _handle(self, reader: _Reader, event: IntegrationEvent) -> None:
        async with open_scope(self._scopes) as scope:
            unit_of_work = await scope.get(reader.unit_of_work)
            async with unit_of_work:
                if self._config.enable_inbox:
                    inbox = inbox_for(unit_of_work.session)
                    if not await inbox.accept(reader.name, event.event_id):
                        _log.debug("%s has had %s before", reader.name, event.event_id)
                        self._meter.had_before(self.subscription.group)
                        return
                await _run(reader, event)
                await unit_of_work.commit()

    def _judge(self, reader: _Reader, delivery: Delivery, fault: BaseException) -> Outcome:
        outcome, told = verdict_on(fault, delivery.attempt, self._config), delivery.envelope.id
        if isinstance(outcome, Retry):
            _log.warning("%s takes %s again: %s", reader.name, told, outcome.reason)
            return outcome
        _log.error("%s gives up on %s: %s", reader.name, told, outcome.reason, exc_info=fault)
        return DeadLetter(cut(f"{reader.name}: {outcome.reason}"), outcome.error_type)

    def _dead(self, delivery: Delivery, reason: str) -> DeadLetter:
        _log.error("%s can't take %s: %s", self.subscription.group, delivery.envelope.id, reason)
        return DeadLetter(reason, UNREADABLE)


def _worst(outcomes: list[Outcome]) -> Outcome:
    """Joins what the handlers of one message say: while one of them wants it again, it comes again."""
    again = [outcome for outcome in outcomes if isinstance(outcome, Retry)]
    if again:
        return max(again, key=lambda outcome: outcome.delay)
    dead = [outcome for outcome in outcomes if isinstance(outcome, DeadLetter)]
    return DeadLetter(cut("\n".join(one.reason for one in dead)), dead[0].error_type) if dead else Ack()


async def _run(reader: _Reader, event: IntegrationEvent) -> None:
    began = perf_counter()
    try:
        await reader.handle(event)
    finally:
        reader.group_commit.note_pace(perf_counter() - began)


def _readers(
    group: str, handlers: tuple[Handler, ...], group_commit: Callable[[str, Handler], GroupCommit]
) -> dict[type[IntegrationEvent], list[_Reader]]:
    readers: dict[type[IntegrationEvent], list[_Reader]] = {}
    seen: dict[str, Handler] = {}
    findings = []
    for handler in handlers:
        name = f"{group}.{handler.name.rpartition('.')[2]}"
        other = seen.setdefault(name, handler)
        if not issubclass(handler.message, IntegrationEvent):
            findings.append(
                Finding(
                    f"{handler.name} consumes {handler.message.__name__}, which is no integration event",
                    remedy="list it under handlers=..., or derive the message from IntegrationEvent.",
                )
            )
        elif other is not handler:
            findings.append(
                Finding(
                    f"{other.name} and {handler.name} would both be the consumer {name}",
                    remedy="rename one: the inbox tells them apart by this name.",
                )
            )
        else:
            reader = _Reader(name, invocation(handler), handler.unit_of_work, group_commit(name, handler))
            readers.setdefault(handler.message, []).append(reader)
    if findings:
        raise WiringError(*findings)
    return readers
