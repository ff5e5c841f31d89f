"""consumers_from(): consumers registered as a map from event name to handler."""

from collections.abc import Callable, Mapping
from typing import cast

from fastapi_chassis.application import read_handler
from fastapi_chassis.domain import Finding, IntegrationEvent, WiringError

type Function = Callable[..., object]
type HandlersMap = Mapping[str, Function | Mapping[str, object]]


def consumers_from(handlers: HandlersMap) -> tuple[Function, ...]:
    """Reads `{"item_created": announce}`, or `{"item_created": {"handler": announce}}`.

    The result is what a module lists as its consumers.

    Raises:
        WiringError: a handler takes another event than the one it is registered for, or none.
    """
    read = [_read(name, entry) for name, entry in handlers.items()]
    findings = [one for one in read if isinstance(one, Finding)]
    if findings:
        raise WiringError(*findings)
    return tuple(one for one in read if not isinstance(one, Finding))


def _read(name: str, entry: Function | Mapping[str, object]) -> Function | Finding:
    function = entry
    if isinstance(entry, Mapping):
        function = cast("Function", entry.get("handler"))
        if entry.keys() != {"handler"}:
            return Finding(
                f'"{name}" has the keys {", ".join(map(str, entry))}',
                where="HANDLERS_MAP",
                remedy='write {"handler": function}; what goes to a queue is sent there by the handler.',
            )
    if not callable(function):
        return Finding(f'"{name}" has no function', where="HANDLERS_MAP", remedy="give it a handler.")
    handler = read_handler(function)
    if isinstance(handler, Finding):
        return handler
    if issubclass(handler.message, IntegrationEvent) and handler.message.message_name == name:
        return function
    return Finding(
        f'"{name}" is handled by {handler.name}, which takes {handler.message.__name__}',
        where="HANDLERS_MAP",
        remedy=f'its first parameter must be an integration event of that name: name="{name}".',
    )
