"""Catalogue: every message of an application with the way that it goes, read from its assembly."""

from dataclasses import asdict, dataclass

from fastapi_chassis.app import Assembly, known_events, transport_name
from fastapi_chassis.application import Command, Handler, Query, Request
from fastapi_chassis.messaging import Upcasters


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
        reads: older versions that are read too.
    """

    name: str
    version: int
    destination: str
    transport: str
    key: str
    outbox: str
    consumers: tuple[ConsumerWay, ...]
    reads: tuple[int, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        return asdict(self)

    def there(self) -> str:
        """Where it goes, in words."""
        outbox = f"outbox {self.outbox}" if self.outbox else "no outbox"
        older = f", reads {', '.join(map(str, self.reads))}" if self.reads else ""
        version = f"  version {self.version}{older}" if older or self.version > 1 else ""
        return f"{self.destination} ({self.transport}, key {self.key})  {outbox}{version}"


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
    older = Upcasters(road.upcasters)
    return [
        EventWay(
            name=event.__name__,
            version=event.event_version,
            destination=road.routing.destination_of(event),
            transport=transport_name(assembly.plugins),
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
            reads=older.versions(event),
        )
        for event in sorted(known_events(assembly.modules, road), key=lambda one: one.__name__)
    ]


def _kind(message: type[object]) -> str:
    if issubclass(message, Command):
        return "command"
    return "query" if issubclass(message, Query) else "domain event"


def _policy(handler: Handler) -> str:
    return str(handler.message.policy or "") if issubclass(handler.message, Request) else ""
