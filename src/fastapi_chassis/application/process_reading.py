"""read_process(): which messages a process manager takes by which method, or what is wrong with it."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from typing import get_type_hints

from fastapi_chassis.application.handlers import name_of
from fastapi_chassis.application.process_manager import ProcessManager, Timeout
from fastapi_chassis.domain import DomainEvent, Event, Finding, IntegrationEvent, Message, shape_of

_PREFIX = "on_"
_TAKEN = (IntegrationEvent, DomainEvent, Timeout)


@dataclass(frozen=True, slots=True)
class ProcessForm:
    """What a process manager says of itself.

    Args:
        manager: its class.
        methods: the method that takes each message.
    """

    manager: type[ProcessManager]
    methods: Mapping[type[Message], str]

    @property
    def timeouts(self) -> tuple[type[Timeout], ...]:
        """What it tells itself."""
        return tuple(message for message in self.methods if issubclass(message, Timeout))

    @property
    def events(self) -> tuple[type[Event], ...]:
        """The events that it takes, its own service's and others'."""
        return tuple(message for message in self.methods if issubclass(message, Event))

    def may_begin(self, event: type[Event]) -> bool:
        """Whether an event begins a process where there is none."""
        starts = self.manager.process_starts
        return not starts or issubclass(event, starts)


def read_process(manager: type[ProcessManager]) -> tuple[ProcessForm, list[Finding]]:
    """Reads a process manager.

    Returns:
        What could be read, and a finding for everything that is wrong.
    """
    methods: dict[type[Message], str] = {}
    findings = list(_state_findings(manager))
    for name, function in inspect.getmembers(manager, inspect.isfunction):
        if not name.startswith(_PREFIX):
            continue
        message = _message_of(function)
        if isinstance(message, Finding):
            findings.append(message)
        elif message in methods:
            findings.append(
                Finding(
                    f"{name_of(manager)} takes {message.__name__} by {methods[message]} and by {name}",
                    remedy="keep one of the two methods.",
                )
            )
        else:
            methods[message] = name
            findings += _key_findings(manager, function, message)
    form = ProcessForm(manager, methods)
    return form, [*findings, *_course_findings(form)]


def _message_of(function: Callable[..., object]) -> type[Message] | Finding:
    name = name_of(function)
    parameters = list(inspect.signature(function).parameters)
    try:
        message = get_type_hints(function).get(parameters[1] if len(parameters) > 1 else "")
    except (NameError, TypeError) as fault:
        return Finding(f"{name} can't be read: {fault}", remedy="annotate its message.")
    if not (isinstance(message, type) and issubclass(message, _TAKEN)):
        return Finding(
            f"{name} takes {getattr(message, '__name__', message)}, which moves no process on",
            remedy="make it an IntegrationEvent, a DomainEvent, or a Timeout.",
        )
    if len(parameters) > 2:
        return Finding(
            f"{name} asks for {', '.join(parameters[2:])}",
            remedy="a process decides by its state: send a command to whoever has what is needed.",
        )
    if not inspect.iscoroutinefunction(function):
        return Finding(f"{name} is not async", remedy="write async def.")
    return message


def _state_findings(manager: type[ProcessManager]) -> Iterator[Finding]:
    name, key = name_of(manager), manager.process_key
    specs = {spec.name: spec for spec in fields(manager)}
    if not key:
        yield Finding(f"{name} has no key", remedy='name it in the class line: key="order_id".')
    elif key not in specs:
        yield Finding(f"{name} has no field {key}, its key", remedy=f"add the field {key}.")
    bare = [spec.name for spec in specs.values() if spec.name != key and _has_no_default(spec)]
    if bare:
        yield Finding(
            f"{name} can't begin: {', '.join(bare)} has no default",
            remedy="give every field but the key a default: a process begins with its key alone.",
        )


def _has_no_default(spec: Field[object]) -> bool:
    return spec.default is MISSING and spec.default_factory is MISSING


def _key_findings(
    manager: type[ProcessManager], function: Callable[..., object], message: type[Message]
) -> Iterator[Finding]:
    key = manager.process_key
    if not key or issubclass(message, Timeout):
        return
    process_type: type = manager
    message_type: type = message
    own, others = shape_of(process_type).get(key), shape_of(message_type).get(key)
    where = name_of(function)
    if others is None:
        yield Finding(
            f"{message.__name__} has no field {key}, by which {manager.__name__} finds its process",
            where,
            f"add {key} to {message.__name__}.",
        )
    elif own is not None and own.type is not others.type:
        kinds = f"{others.type.__name__} in {message.__name__} and {own.type.__name__} in {manager.__name__}"
        yield Finding(f"{key} is {kinds}", where, "give both the same type.")


def _course_findings(form: ProcessForm) -> Iterator[Finding]:
    name = name_of(form.manager)
    if not form.events:
        yield Finding(f"{name} takes no event, so nothing begins it", remedy="add a method on_....")
    for start in form.manager.process_starts:
        if start not in form.methods:
            yield Finding(
                f"{name} starts with {start.__name__}, which none of its methods takes",
                remedy=f"add a method that takes {start.__name__}, or drop it from starts=.",
            )
