"""Catalogue: every message of an application with the way that it goes, read from its assembly."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from fastapi_chassis.app import Assembly
from fastapi_chassis.application import Command, Handler, Query, Request
from fastapi_chassis.domain import IntegrationEvent
from fastapi_chassis.messaging import Transport


@dataclass(frozen=True, slots=True)
class RequestWay:
    """A command, a query or a domain event.

    Args:
        name: its class.
        kind: command, query or domain event.
        handler: who handles it.
        policy: who may send it.
        behaviors: what it passes before its handler, in order.
    """

    name: str
    kind: str
    handler: str
    policy: str
    behaviors: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ConsumerWay:
    """How an event reaches one consumer.

    Args:
        handler: the function.
        group: its name to the broker.
        inbox: the store that remembers what was handled; empty without one.
        attempts: how often it may fail.
    """

    handler: str
    group: str
    inbox: str
    attempts: int

    def __str__(self) -> str:
        inbox = f"inbox {self.inbox}" if self.inbox else "no inbox"
        attempts = f"{self.attempts} attempts" if self.attempts > 1 else "1 attempt"
        return f"{self.handler} (group {self.group}, {inbox}, {attempts}, then dead letter)"


@dataclass(frozen=True, slots=True)
class EventWay:
    """An integration event.

    Args:
        name: its class.
        version: of its shape.
        destination: the topic.
        transport: who carries it.
        key: what keeps its order.
        outbox: the store in which it waits; empty without one.
        consumers: who takes it in this service.
    """

    name: str
    version: int
    destination: str
    transport: str
    key: str
    outbox: str
    consumers: tuple[ConsumerWay, ...]

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        return asdict(self)

    def there(self) -> str:
        """Where it goes, in words."""
        outbox = f"outbox {self.outbox}" if self.outbox else "no outbox"
        return f"{self.destination} ({self.transport}, key {self.key})  {outbox}"


def request_ways(assembly: Assembly) -> list[RequestWay]:
    """What the mediator handles, by name."""
    ways = [
        RequestWay(
            name=road.handler.message.__name__,
            kind=_kind(road.handler.message),
            handler=road.handler.name,
            policy=_policy(road.handler),
            behaviors=road.behaviors,
        )
        for road in assembly.mediator.roads
    ]
    return sorted(ways, key=lambda way: (way.kind, way.name))


def event_ways(assembly: Assembly) -> list[EventWay]:
    """The integration events that the application's code knows, by name."""
    road, stores = assembly.road, assembly.stores
    outboxes = ", ".join(place.name for place in stores.used if place.store.outbox() is not None)
    taken = {handler.message for handler in road.consumers}
    own = (one for one in _descendants(IntegrationEvent) if not one.__module__.startswith("fastapi_chassis."))
    return [
        EventWay(
            name=event.__name__,
            version=event.event_version,
            destination=road.routing.destination_of(event),
            transport=_transport(assembly),
            key="aggregate",
            outbox=outboxes if road.config.enable_outbox else "",
            consumers=tuple(
                ConsumerWay(
                    handler.name,
                    group,
                    stores.behind(handler.unit_of_work).name if road.config.enable_inbox else "",
                    road.config.max_attempts,
                )
                for group, handlers in road.groups.items()
                for handler in handlers
                if handler.message is event
            ),
        )
        for event in sorted({*own, *taken}, key=lambda one: one.__name__)
        if issubclass(event, IntegrationEvent)
    ]


def _kind(message: type[object]) -> str:
    if issubclass(message, Command):
        return "command"
    return "query" if issubclass(message, Query) else "domain event"


def _policy(handler: Handler) -> str:
    return str(handler.message.policy or "") if issubclass(handler.message, Request) else ""


def _transport(assembly: Assembly) -> str:
    carriers = (plugin.instance for plugin in assembly.plugins if Transport in plugin.provides)
    return next(carriers, "memory")


def _descendants(event: type[IntegrationEvent]) -> Iterator[type[IntegrationEvent]]:
    for child in event.__subclasses__():
        yield child
        yield from _descendants(child)
