"""Scopes: how any door gets its dependencies, without knowing the container."""

import asyncio
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from types import TracebackType
from typing import Protocol


class Resolver(Protocol):
    """Gives what was bound to a type."""

    async def get[T](self, wanted: type[T]) -> T:
        """Returns the one instance of this scope."""
        ...


class ScopeFactory(Protocol):
    """Opens the scope of one message; leaving it closes what was made in it."""

    def __call__(self) -> AbstractAsyncContextManager[Resolver]:
        """Returns the scope, not yet open."""
        ...


_CURRENT: ContextVar[tuple[Resolver, object] | None] = ContextVar("message_scope", default=None)


def current_scope() -> Resolver | None:
    """Returns the scope of the message that this task handles.

    A task that a handler starts does not share it: two tasks on one transaction would meet on one connection.
    """
    held = _CURRENT.get()
    if held is None:
        return None
    try:
        return held[0] if held[1] is asyncio.current_task() else None
    except RuntimeError:  # a worker thread has no task
        return None


def open_scope(factory: ScopeFactory) -> AbstractAsyncContextManager[Resolver]:
    """Joins the scope of the message at hand, or opens one where there is none."""
    return _Opening(factory)


class _Opening:
    """A class and no generator, which would cost every message more than what it does."""

    __slots__ = ("_factory", "_scope", "_token")

    def __init__(self, factory: ScopeFactory) -> None:
        self._factory = factory
        self._scope: AbstractAsyncContextManager[Resolver] | None = None

    async def __aenter__(self) -> Resolver:
        present = current_scope()
        if present is not None:
            return present
        scope = self._factory()
        resolver = await scope.__aenter__()
        self._scope = scope
        self._token = _CURRENT.set((resolver, asyncio.current_task()))
        return resolver

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if self._scope is None:
            return None
        _CURRENT.reset(self._token)
        return await self._scope.__aexit__(kind, fault, trace)
