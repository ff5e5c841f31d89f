"""Factories: what a class or function asks for by its annotations, and nothing else."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import Annotated, cast, get_args, get_origin, get_type_hints

type Factory = Callable[..., object]

_VARIADIC = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}


def needs_of(factory: Factory) -> Mapping[str, object]:
    """Reads what a class or factory asks for: the types of its parameters that have no default.

    Raises:
        TypeError: a parameter has no annotation, or one that can't be read.
    """
    called = _annotated(factory)
    if called is object.__init__:
        return {}
    try:
        hints = get_type_hints(called, include_extras=True)
        parameters = inspect.signature(factory).parameters.values()
    except (NameError, ValueError) as fault:
        raise TypeError(str(fault)) from fault
    needs = {}
    for parameter in parameters:
        if parameter.kind in _VARIADIC or parameter.default is not inspect.Parameter.empty:
            continue
        if parameter.name not in hints:
            raise TypeError(f"its parameter {parameter.name} has no annotation")
        needs[parameter.name] = _plain(hints[parameter.name])
    return needs


def readable_needs(factory: Factory) -> tuple[object, ...]:
    """Reads what a factory asks for, as far as it can be read."""
    try:
        return tuple(needs_of(factory).values())
    except TypeError:  # a finding of its own
        return ()


def is_abstract(factory: Factory) -> bool:
    """Whether nothing can be made of it: a protocol, or a class with open methods."""
    return inspect.isclass(factory) and (
        inspect.isabstract(factory) or getattr(factory, "_is_protocol", False) is True
    )


def narrowed(factory: Factory) -> Factory:
    """Returns a factory whose signature says what it asks for, and nothing else.

    A container reads defaults, variadic parameters and metadata in ways of its own; from this it can't.
    """
    needs = needs_of(factory)
    is_known_kind = inspect.isclass(factory) or inspect.isroutine(factory)
    is_narrow = inspect.signature(factory).parameters.keys() == needs.keys() and _hints(factory) == needs
    if is_known_kind and is_narrow:
        return factory
    return with_signature(_forwarding(factory), needs)


def asking_for(factory: Factory, wanted: object, *, instead_of: object) -> Factory:
    """Returns a factory that asks for one type where it says another; itself where that changes nothing."""
    try:
        needs = needs_of(factory)
    except TypeError:  # a finding of its own
        return factory
    changed = {name: wanted if need is instead_of else need for name, need in needs.items()}
    if changed == needs:
        return factory
    asking = with_signature(_forwarding(factory), changed)
    asking.__module__, asking.__qualname__ = factory.__module__, getattr(factory, "__qualname__", "")
    return asking


def _annotated(factory: Factory) -> Callable[..., object]:
    """Returns the function whose annotations count."""
    if inspect.isclass(factory):
        return cast("Callable[..., object]", inspect.getattr_static(factory, "__init__"))
    if isinstance(factory, partial):
        return _annotated(factory.func)
    if inspect.isroutine(factory):
        return factory
    return cast("Callable[..., object]", inspect.getattr_static(type(factory), "__call__"))


def _hints(factory: Factory) -> dict[str, object]:
    hints = get_type_hints(_annotated(factory), include_extras=True)
    return {name: hint for name, hint in hints.items() if name != "return"}


def _plain(hint: object) -> object:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _forwarding(factory: Factory) -> Factory:
    called = factory if inspect.isclass(factory) else _annotated(factory)
    if inspect.isasyncgenfunction(called):
        return _forwarding_async_generator(cast("Callable[..., AsyncIterator[object]]", factory))
    if inspect.isgeneratorfunction(called):
        return _forwarding_generator(cast("Callable[..., Iterator[object]]", factory))
    if inspect.iscoroutinefunction(called):
        return _forwarding_coroutine(cast("Callable[..., Awaitable[object]]", factory))

    def made(**needs: object) -> object:
        return factory(**needs)

    return made


def _forwarding_coroutine(factory: Callable[..., Awaitable[object]]) -> Factory:
    async def made(**needs: object) -> object:
        return await factory(**needs)

    return made


def _forwarding_generator(factory: Callable[..., Iterator[object]]) -> Factory:
    def made(**needs: object) -> Iterator[object]:
        yield from factory(**needs)

    return made


def _forwarding_async_generator(factory: Callable[..., AsyncIterator[object]]) -> Factory:
    async def made(**needs: object) -> AsyncIterator[object]:
        async for one in factory(**needs):
            yield one

    return made


def with_signature(function: Factory, needs: Mapping[str, object]) -> Factory:
    """Says what a function asks for: parameters by name, and their types."""
    function.__annotations__ = dict(needs)
    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # what inspect.signature reads
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=wanted)
            for name, wanted in needs.items()
        ]
    )
    return function
