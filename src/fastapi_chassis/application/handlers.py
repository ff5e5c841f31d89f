"""Handlers: what a function asks for by its signature, and who handles what."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, cast, get_args, get_origin, get_type_hints

from fastapi_chassis.application.messages import Request
from fastapi_chassis.application.unit_of_work import AbstractUnitOfWork
from fastapi_chassis.domain import Event, Finding, IntegrationEvent, Message

type HandlerFunction = Callable[..., object]


@dataclass(frozen=True)
class Handler:
    """A function or class that handles one type of message.

    Args:
        function: called with the message and its dependencies by name; a class is made with its
            dependencies first and called then.
        message: the type of its first parameter.
        dependencies: the types of its other parameters, by name.
        name: `module.function`, for reports.
        unit_of_work: the type under which a scope finds its transaction: that of its module's store.
    """

    function: HandlerFunction
    message: type[Message]
    dependencies: Mapping[str, type[object]]
    name: str
    unit_of_work: type[AbstractUnitOfWork] = AbstractUnitOfWork  # type: ignore[type-abstract]  # asked for only

    def within(self, unit_of_work: type[AbstractUnitOfWork]) -> "Handler":
        """Returns the same handler, which works in the transactions of a store."""
        needs = {
            name: unit_of_work if wanted is AbstractUnitOfWork else wanted
            for name, wanted in self.dependencies.items()
        }
        return replace(self, dependencies=needs, unit_of_work=unit_of_work)

    @cached_property
    def is_async(self) -> bool:
        """Whether it is awaited; otherwise it runs in a worker thread."""
        called = _called(self.function)
        return inspect.iscoroutinefunction(called) or inspect.iscoroutinefunction(inspect.unwrap(called))

    @property
    def is_class(self) -> bool:
        """Whether dependencies go to the constructor."""
        return inspect.isclass(self.function)


def read_handler(function: HandlerFunction) -> Handler | Finding:
    """Reads a handler's signature: first the message, then what it needs, by type."""
    name = name_of(function)
    try:
        called = _called(function)
        parameters = _parameters(called)
        hints = get_type_hints(called, include_extras=True)
        message = _plain(hints[parameters[0].name])
        needs = _needs(parameters[1:], hints)
        if inspect.isclass(function):
            if needs:
                return Finding(
                    f"{name}.__call__ asks for {', '.join(needs)}",
                    remedy="ask for it in __init__: a class gets what it needs when it is made.",
                )
            made = inspect.getattr_static(function, "__init__")
            if made is not object.__init__:
                needs = _needs(_parameters(made), get_type_hints(made, include_extras=True))
    except (AttributeError, KeyError, IndexError, NameError, TypeError, ValueError) as fault:
        return Finding(
            f"{name} can't be read as a handler: {fault!r}",
            remedy="annotate every parameter; the first one is the message, the others are what it needs.",
        )
    if not (isinstance(message, type) and issubclass(message, Message)):
        return Finding(
            f"the first parameter of {name} is {message!r}, which is no message",
            remedy="make it a Command, a Query, a DomainEvent or an IntegrationEvent.",
        )
    return Handler(function, message, needs, name)


def name_of(function: object) -> str:
    """Names a function as a report does: `items.handlers.create_item`."""
    module = getattr(function, "__module__", "")
    return f"{module}.{getattr(function, '__qualname__', type(function).__qualname__)}"


def _called(function: HandlerFunction) -> Callable[..., object]:
    """Returns the function whose signature counts: a class and an object are called through `__call__`."""
    if inspect.isroutine(function):
        return function
    owner = function if inspect.isclass(function) else type(function)
    return cast("Callable[..., object]", inspect.getattr_static(owner, "__call__"))


def _parameters(function: Callable[..., object]) -> list[inspect.Parameter]:
    parameters = list(inspect.signature(function).parameters.values())
    return parameters[1:] if parameters and parameters[0].name == "self" else parameters


def _needs(parameters: Iterable[inspect.Parameter], hints: Mapping[str, object]) -> dict[str, type[object]]:
    variadic = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    return {
        parameter.name: cast("type[object]", _plain(hints[parameter.name]))
        for parameter in parameters
        if parameter.kind not in variadic and parameter.default is inspect.Parameter.empty
    }


def _plain(annotation: object) -> object:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


class HandlerRegistry:
    """Who handles what: one handler per command or query, any number per event."""

    def __init__(self) -> None:
        self._requests: dict[type[Message], list[Handler]] = {}
        self._events: dict[type[Message], list[Handler]] = {}
        self._findings: list[Finding] = []

    def add(
        self, function: HandlerFunction, unit_of_work: type[AbstractUnitOfWork] = AbstractUnitOfWork
    ) -> None:
        """Takes a handler; what is wrong with it is kept for `findings`.

        Args:
            function: the handler.
            unit_of_work: the type under which a scope finds its transaction.
        """
        handler = read_handler(function)
        if isinstance(handler, Finding):
            self._findings.append(handler)
            return
        handler = handler.within(unit_of_work)
        if issubclass(handler.message, IntegrationEvent):
            self._findings.append(
                Finding(
                    f"{handler.name} handles {handler.message.__name__}, an integration event, as a handler",
                    remedy="list it under consumers=...: integration events arrive after the commit.",
                )
            )
        elif issubclass(handler.message, Event):
            self._events.setdefault(handler.message, []).append(handler)
        elif issubclass(handler.message, Request):
            self._requests.setdefault(handler.message, []).append(handler)
        else:
            self._findings.append(
                Finding(
                    f"{handler.name} handles {handler.message.__name__}, which is neither request nor event",
                    remedy="derive the message from Command, Query or DomainEvent.",
                )
            )

    @property
    def requests(self) -> tuple[Handler, ...]:
        """The handlers of commands and queries."""
        return tuple(handlers[0] for handlers in self._requests.values())

    @property
    def events(self) -> tuple[Handler, ...]:
        """The handlers of domain events, in the order in which they run."""
        return tuple(handler for handlers in self._events.values() for handler in handlers)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that is wrong: unreadable handlers, two for one request, requests without policy."""
        doubled = [
            Finding(
                f"{message.__name__} has {len(handlers)} handlers: {', '.join(one.name for one in handlers)}",
                remedy="keep one, or send another command.",
            )
            for message, handlers in self._requests.items()
            if len(handlers) > 1
        ]
        open_doors = [
            Finding(
                f"{message.__name__} says nothing about who may send it",
                where=name_of(message),
                remedy='declare requires="..." or public=True in its class line.',
            )
            for message in self._requests
            if issubclass(message, Request) and message.policy is None
        ]
        return (*self._findings, *doubled, *open_doors)
