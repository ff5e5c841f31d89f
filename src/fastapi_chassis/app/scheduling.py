"""Scheduling: what a service sends itself, at once or later, and who takes it."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import cast

from fastapi_chassis.app.container import Container
from fastapi_chassis.app.factories import readable_needs, with_signature
from fastapi_chassis.app.module import ServiceModule
from fastapi_chassis.app.stores import Stores
from fastapi_chassis.application import (
    AbstractUnitOfWork,
    Command,
    EventSink,
    Handler,
    Mediator,
    Schedule,
    read_handler,
)
from fastapi_chassis.config import Binding, ScopeEnum
from fastapi_chassis.domain import ChassisError, Clock, Finding
from fastapi_chassis.messaging import (
    CommandConsumer,
    CommandWriter,
    EnvelopeWriter,
    MessagingConfig,
    Routing,
    Scheduler,
    SendingWriter,
    TransactionalSchedule,
    codec_for,
)


class Scheduling:
    """The part of the road on which a service sends messages to itself; empty where nobody asks for it.

    Args:
        service: the service's name.
        config: outbox, inbox, attempts, polling.
        modules: all modules of the application, those included that run in other processes.
        running: the modules of this process.
        stores: where the schedules of each module lie.
        container: opens the scopes of commands.
        mediator: handles them.
    """

    def __init__(
        self,
        service: str,
        config: MessagingConfig,
        modules: Sequence[ServiceModule],
        running: Sequence[ServiceModule],
        *,
        stores: Stores,
        container: Container,
        mediator: Mediator,
    ) -> None:
        self._config = config
        self._container = container
        self._asking = [module for module in running if _asks(module)]
        self._places = stores.used
        self.findings: list[Finding] = [
            finding for one in self._asking for finding in self._lacks(one, stores)
        ]
        owners = {one.message: module.name for module in modules for one in _commands(module)}
        events = EnvelopeWriter(codec_for(config), source=service, routing=Routing(config.destination_prefix))
        modules_of = cast("dict[type[Command[object]], str]", owners)
        commands = CommandWriter(service, modules_of, config.claim_check.largest)
        self._writer = SendingWriter(events, commands)
        self.consumers: list[CommandConsumer] = []
        for module in running if any(map(_asks, modules)) else ():
            handlers = [one.within(stores.of(module).unit_of_work) for one in _commands(module)]
            self._consume(service, module, handlers, mediator)
        self._schedulers: list[Scheduler] = []

    def _consume(
        self, service: str, module: ServiceModule, commands: list[Handler], mediator: Mediator
    ) -> None:
        scopes = self._container.open_scope
        try:
            if commands:
                consumer = CommandConsumer(
                    service, module.name, commands, mediator=mediator, scopes=scopes, config=self._config
                )
                self.consumers.append(consumer)
        except ChassisError as fault:
            self.findings += fault.findings

    def _lacks(self, module: ServiceModule, stores: Stores) -> Iterable[Finding]:
        place = stores.of(module)
        if place.store.schedule() is None:
            yield Finding(
                f"module {module.name} schedules messages, and its store {place.name} keeps no schedules",
                f"modules.{module.name}.store",
                "keep it in a store that does: sqlalchemy, odm, or memory.",
            )
        if not self._config.enable_outbox:
            yield Finding(
                f"module {module.name} schedules messages, and there is no outbox for them to leave by",
                "messaging.enable_outbox",
                "set it to true, or schedule nothing.",
            )

    def binding(self, sink: EventSink, wake: Callable[[], None]) -> Iterable[Binding]:
        """Binds what handlers ask for.

        Args:
            sink: takes the events that leave at once.
            wake: wakes the relays.
        """

        def wake_all() -> None:
            wake()
            for scheduler in self._schedulers:
                scheduler.wake()

        def schedule(clock: Clock, **units: AbstractUnitOfWork) -> Schedule:
            return TransactionalSchedule(
                tuple(units.values()), self._writer, sink=sink, clock=clock, wake=wake_all
            )

        needs = {
            "clock": Clock,
            **{f"unit_{number}": one.unit_of_work for number, one in enumerate(self._places)},
        }
        factory = with_signature(cast("Callable[..., object]", schedule), needs)
        return (Binding(Schedule, factory, ScopeEnum.MESSAGE, "the chassis"),)

    @asynccontextmanager
    async def running(self, wake: Callable[[], None]) -> AsyncIterator[None]:
        """Moves what comes due into the outboxes, for the length of a block."""
        async with AsyncExitStack() as stack:
            if self._asking:
                clock = await self._container.get(Clock)  # type: ignore[type-abstract]  # from the container
                for place in self._places:
                    if place.store.schedule() is not None:
                        scheduler = Scheduler(place.own_work, self._config.scheduler, clock=clock, wake=wake)
                        self._schedulers.append(await stack.enter_async_context(scheduler.running()))
            try:
                yield
            finally:
                self._schedulers.clear()

    async def move(self) -> int:
        """Moves what is due just now, and returns how many messages that were."""
        return sum([await scheduler.move() for scheduler in self._schedulers])


def _read(functions: Iterable[Callable[..., object]]) -> list[Handler]:
    """Reads handlers, as far as they can be read: what can't is reported where they are listed."""
    return [one for one in map(read_handler, functions) if isinstance(one, Handler)]


def _commands(module: ServiceModule) -> list[Handler]:
    return [one for one in _read(module.handlers) if issubclass(one.message, Command)]


def _asks(module: ServiceModule) -> bool:
    needs: list[object] = [
        need for one in _read((*module.handlers, *module.consumers)) for need in one.dependencies.values()
    ]
    needs += [need for binding in module.providers or () for need in readable_needs(binding.factory)]
    return Schedule in needs
