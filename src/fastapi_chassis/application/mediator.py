"""Mediator: the hall behind all doors; finds the compiled pipeline of a message and runs it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from fastapi_chassis.application.handlers import Handler, HandlerRegistry
from fastapi_chassis.application.messages import Request
from fastapi_chassis.application.pipeline import Behavior, BehaviorFactory, Step, compose, invocation
from fastapi_chassis.application.scope import ScopeFactory, open_scope
from fastapi_chassis.domain import Event, Finding, Message, WiringError

_TRANSACTIONAL = frozenset({"idempotency", "transaction"})


@dataclass(frozen=True, slots=True)
class Road:
    """The way of one message to one handler.

    Args:
        handler: where it ends.
        behaviors: the names of what it passes, in order.
        step: the compiled whole.
    """

    handler: Handler
    behaviors: tuple[str, ...]
    step: Step = field(repr=False)


class Mediator:
    """Sends requests to their one handler and publishes domain events to all of theirs.

    Args:
        requests: the roads of commands and queries.
        events: the roads of domain events.
    """

    def __init__(self, requests: Iterable[Road] = (), events: Iterable[Road] = ()) -> None:
        self.roads = (*requests, *events)
        self._requests: dict[type[Message], Step] = {}
        self._events: dict[type[Message], list[Step]] = {}
        for road in self.roads:
            if issubclass(road.handler.message, Event):
                self._events.setdefault(road.handler.message, []).append(road.step)
            else:
                self._requests[road.handler.message] = road.step

    async def send[R](self, message: Request[R]) -> R:
        """Has a request handled and returns its answer.

        Raises:
            WiringError: nobody handles this type.
            AppException: the outcome that the handler or a behaviour announced.
        """
        step = self._requests.get(type(message))
        if step is None:
            raise _unhandled(message)
        return cast("R", await step(message))

    async def publish(self, event: Event) -> None:
        """Tells every handler of a domain event, one after the other; none is no fault."""
        for step in self._events.get(type(event), ()):
            await step(event)


def _unhandled(message: Message) -> WiringError:
    name = type(message).__name__
    return WiringError(
        Finding(
            f"nobody handles {name}", remedy=f"list a handler whose first parameter is {name} in a module."
        )
    )


def build_mediator(
    registry: HandlerRegistry,
    *,
    scopes: ScopeFactory | None = None,
    behaviors: Sequence[BehaviorFactory] = (),
    own_behaviors: Mapping[type[Message], Sequence[Behavior]] | None = None,
) -> Mediator:
    """Compiles the road of every message.

    Args:
        registry: who handles what.
        scopes: opens the scope of a message that arrives outside of one.
        behaviors: what every message passes, in order.
        own_behaviors: what some types pass besides; they stand before whatever opens the transaction, so
            that a retry is a new transaction.

    Raises:
        WiringError: with everything that the registry found.
    """
    if registry.findings:
        raise WiringError(*registry.findings)
    extra = own_behaviors or {}

    def road(handler: Handler) -> Road:
        return _road(handler, behaviors, extra.get(handler.message, ()), scopes)

    inside = [Road(handler, (), invocation(handler)) for handler in registry.events]
    return Mediator([road(handler) for handler in registry.requests], inside)


def _road(
    handler: Handler,
    factories: Sequence[BehaviorFactory],
    own: Sequence[Behavior],
    scopes: ScopeFactory | None,
) -> Road:
    common = [
        (factory.name, behavior)
        for factory in factories
        if (behavior := factory.behavior_for(handler)) is not None
    ]
    custom = [(getattr(behavior, "__name__", type(behavior).__name__), behavior) for behavior in own]
    cut = next((place for place, (name, _) in enumerate(common) if name in _TRANSACTIONAL), len(common))
    chain = [*common[:cut], *custom, *common[cut:]]
    step = compose((behavior for _, behavior in chain), invocation(handler))
    names = tuple(name for name, _ in chain)
    return Road(handler, names, step if scopes is None else _scoped(step, scopes))


def _scoped(step: Step, scopes: ScopeFactory) -> Step:
    async def scoped(message: Message) -> object:
        async with open_scope(scopes):
            return await step(message)

    return scoped
