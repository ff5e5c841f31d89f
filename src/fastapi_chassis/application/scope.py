"""Scopes: how any door gets its dependencies, without knowing the container."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
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


@asynccontextmanager
async def open_scope(factory: ScopeFactory) -> AsyncIterator[Resolver]:
    """Joins the scope of the message at hand, or opens one where there is none."""
    present = current_scope()
    if present is not None:
        yield present
        return
    async with factory() as resolver:
        token = _CURRENT.set((resolver, asyncio.current_task()))
        try:
            yield resolver
        finally:
            _CURRENT.reset(token)
