"""cached(): keeps what a function returns, under a key of its arguments."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import wraps
from typing import Protocol, cast, get_type_hints

from fastapi_chassis.application import AbstractUnitOfWork, Command
from fastapi_chassis.caching.policy import CachePolicy
from fastapi_chassis.caching.read_through import ReadThroughCache
from fastapi_chassis.caching.template import KeyTemplate

_PARAMETER = "cached_values"


class CachedFunction[R](Protocol):
    """A function whose results are kept; it asks for one more argument, `cached_values`."""

    def __call__(self, *arguments: object, **named: object) -> Awaitable[R]:
        """Returns what is kept, or what the function returns."""
        ...

    def key(self, *arguments: object, **named: object) -> str:
        """Returns the key of a call, for `invalidate`; arguments that are no part of it may be left out."""
        ...


def cached[R](
    key: str,
    *,
    ttl: float | timedelta,
    tags: Sequence[str] = (),
    early: float = 1.0,
    local: float | timedelta | None = None,
) -> Callable[[Callable[..., Awaitable[R]]], CachedFunction[R]]:
    """Keeps what an async function returns; within a transaction the function itself is called.

    The function asks for one more port, `cached_values: ReadThroughCache`, which the container gives; a unit
    test passes it by hand. None is kept like any value, an exception is not.

    Args:
        key: names the value, with arguments or fields of the message in braces: `item:{item_id}`.
        ttl: how long a value is good; a number means seconds.
        tags: what it depends on, with the same names in braces.
        early: how eagerly it is loaded again before it ends, 1 as a rule, 0 never.
        local: how long the process keeps a copy of its own, which invalidations elsewhere don't reach.

    Raises:
        TypeError: a name is no argument, or what the function returns would not come back as what it was.
        ValueError: a time is not more than nothing.
    """

    def decorate(function: Callable[..., Awaitable[R]]) -> CachedFunction[R]:
        name = f"{function.__module__}.{function.__qualname__}"
        try:
            hints, parameters = _read(function)
            template, *tag_templates = [_template(text, parameters, hints) for text in (key, *tags)]
            policy = CachePolicy[R](
                hints["return"], _duration(ttl), name, early, None if local is None else _duration(local)
            )
        except TypeError as fault:
            raise TypeError(f"{name} can't be cached: {fault}") from fault
        return _wrapped(function, policy, template, tag_templates)

    return decorate


def _wrapped[R](
    function: Callable[..., Awaitable[R]],
    policy: CachePolicy[R],
    template: KeyTemplate,
    tags: Sequence[KeyTemplate],
) -> CachedFunction[R]:
    @wraps(function)
    async def answered(*arguments: object, cached_values: ReadThroughCache, **named: object) -> R:
        if _is_in_transaction(*arguments, *named.values()):
            return await function(*arguments, **named)
        call = arguments, named
        return await cached_values.read(
            template.fill(call),
            lambda: function(*arguments, **named),
            policy,
            tags=[tag.fill(call) for tag in tags],
        )

    asked = inspect.Parameter(_PARAMETER, inspect.Parameter.KEYWORD_ONLY, annotation=ReadThroughCache)
    signature = inspect.signature(function)
    answered.__signature__ = _with(signature, asked)  # type: ignore[attr-defined]  # what inspect.signature reads
    answered.__annotations__ = {**function.__annotations__, _PARAMETER: ReadThroughCache}
    answered.key = template.filled  # type: ignore[attr-defined]  # see CachedFunction
    return cast("CachedFunction[R]", answered)


def _with(signature: inspect.Signature, asked: inspect.Parameter) -> inspect.Signature:
    parameters = list(signature.parameters.values())
    ends = bool(parameters) and parameters[-1].kind is inspect.Parameter.VAR_KEYWORD
    parameters.insert(len(parameters) - ends, asked)
    return signature.replace(parameters=parameters)


def _read(
    function: Callable[..., object],
) -> tuple[dict[str, object], Sequence[inspect.Parameter]]:
    if not inspect.iscoroutinefunction(function):
        raise TypeError("it is no async function")
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as fault:
        raise TypeError(f"its annotations can't be read here: {fault}") from None
    parameters = list(inspect.signature(function).parameters.values())
    if any(parameter.name == _PARAMETER for parameter in parameters):
        raise TypeError(f"it has an argument {_PARAMETER} of its own")
    first = hints.get(parameters[0].name) if parameters else None
    if isinstance(first, type) and issubclass(first, Command):
        raise TypeError("a command changes something each time: cache queries")
    if "return" not in hints:
        raise TypeError("say what it returns")
    return hints, parameters


def _template(text: str, parameters: Sequence[inspect.Parameter], hints: dict[str, object]) -> KeyTemplate:
    first = hints.get(parameters[0].name) if parameters else None
    return KeyTemplate(text, parameters, first if isinstance(first, type) else None)


def _duration(time: float | timedelta) -> timedelta:
    return time if isinstance(time, timedelta) else timedelta(seconds=time)


def _is_in_transaction(*arguments: object) -> bool:
    """Whether a port among the arguments sees what is not committed: that must not be kept."""
    for argument in arguments:
        unit_of_work = getattr(argument, "_unit_of_work", argument)
        if isinstance(unit_of_work, AbstractUnitOfWork) and unit_of_work.is_active:
            return True
    return False
