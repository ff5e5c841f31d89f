"""The pipeline: behaviours around a handler, composed once per message type."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from fastapi_chassis.application.handlers import Handler
from fastapi_chassis.application.scope import current_scope
from fastapi_chassis.domain import Message

type Step = Callable[[Message], Awaitable[object]]


class Behavior(Protocol):
    """Wraps the handling of a message: retry, trace, transaction are each written once, as a behaviour."""

    async def __call__(self, message: Message, next: Step, /) -> object:  # noqa: A002 - its name everywhere
        """Does its part and awaits `next(message)`, or answers instead."""
        ...


class BehaviorFactory(Protocol):
    """Decides, once per handler, whether a behaviour takes part."""

    @property
    def name(self) -> str:
        """The name that reports show."""
        ...

    def behavior_for(self, handler: Handler) -> Behavior | None:
        """Returns the behaviour for this handler, or None where it has nothing to do."""
        ...


def compose(behaviors: Iterable[Behavior], handle: Step) -> Step:
    """Nests behaviours around a step, the first one outermost."""
    step = handle
    for behavior in reversed(tuple(behaviors)):
        step = _link(behavior, step)
    return step


def _link(behavior: Behavior, following: Step) -> Step:
    def step(message: Message) -> Awaitable[object]:
        return behavior(message, following)

    return step


def invocation(handler: Handler) -> Step:
    """Makes the innermost step: resolves what the handler asks for and calls it."""
    call = _in_thread(handler) if not handler.is_async else handler.function
    needs = tuple(handler.dependencies.items())
    if not needs and not handler.is_class:
        return call  # type: ignore[return-value]  # a coroutine function of the message
    if handler.is_class:
        return _class_invocation(handler)

    async def invoke(message: Message) -> object:
        scope = current_scope()
        if scope is None:
            raise RuntimeError(f"{handler.name} was called outside of a message scope")
        ports = {name: await scope.get(wanted) for name, wanted in needs}
        return await call(message, **ports)  # type: ignore[misc]  # a coroutine function

    return invoke


def _class_invocation(handler: Handler) -> Step:
    needs = tuple(handler.dependencies.items())

    async def invoke(message: Message) -> object:
        scope = current_scope()
        if scope is None:
            raise RuntimeError(f"{handler.name} was called outside of a message scope")
        ports = {name: await scope.get(wanted) for name, wanted in needs}
        instance = handler.function(**ports)
        if handler.is_async:
            return await instance(message)  # type: ignore[operator]  # its __call__ was read
        return await asyncio.to_thread(instance, message)  # type: ignore[arg-type]  # its __call__ was read

    return invoke


def _in_thread(handler: Handler) -> Callable[..., Awaitable[object]]:
    async def call(message: Message, **ports: object) -> object:
        return await asyncio.to_thread(handler.function, message, **ports)

    return call
