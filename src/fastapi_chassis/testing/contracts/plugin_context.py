"""WatchedContext: a plugin's start, step by step, with what was opened, closed, provided and registered."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType

from fastapi_chassis.app import PluginAbstract, PluginContext
from fastapi_chassis.config import PluginConfig, RootConfig
from fastapi_chassis.status import Component

type AnyPlugin = PluginAbstract[PluginConfig]
type Trip = Callable[[int], Awaitable[None]]
"""Awaited at each step, from 1, before it is taken; raises or waits to disturb it."""


class Tripped(Exception):  # noqa: N818 - it is no fault of anybody
    """A step was to fail."""


async def smoothly(_step: int) -> None:
    """Trips over nothing."""


class WatchedContext:
    """Stands before the context that a plugin meets.

    Args:
        trip: awaited at each resource.
        close: awaited before each resource is closed.
    """

    def __init__(self, trip: Trip = smoothly, close: Trip = smoothly) -> None:
        self.opened: list[int] = []
        self.closed: list[int] = []
        self.provided: set[type] = set()
        self.components: list[str] = []
        self._trip = trip
        self._close = close
        self._inner: PluginContext | None = None

    def watch(self, plugin: AnyPlugin) -> AnyPlugin:
        """Has a plugin meet this context when it starts."""
        start = plugin.start

        async def watched(context: PluginContext) -> None:
            self._inner = context
            self.opened.clear()
            self.closed.clear()
            await start(self)

        plugin.start = watched  # type: ignore[method-assign]  # of this one instance
        return plugin

    @property
    def config(self) -> RootConfig:
        """The whole configuration."""
        return self._context.config

    async def enter[T](self, resource: AbstractAsyncContextManager[T]) -> T:
        """Opens a resource, unless this is where the start trips."""
        step = len(self.opened) + 1
        await self._trip(step)
        entered = await self._context.enter(_Watched(self, step, resource))
        self.opened.append(step)
        return entered

    def provide[T](self, interface: type[T], instance: T) -> None:
        """Gives what the class announced."""
        self.provided.add(interface)
        self._context.provide(interface, instance)

    def health[H](self, name: str, check: Callable[[H], Awaitable[Component]], handle: H) -> None:
        """Registers a check."""
        self.components.append(name)
        self._context.health(name, check, handle)

    async def closing(self, step: int) -> None:
        """Notes that a resource is being closed."""
        self.closed.append(step)
        await self._close(step)

    @property
    def _context(self) -> PluginContext:
        assert self._inner is not None, "the plugin has not been started"
        return self._inner


class _Watched[T]:
    """A resource whose end is noted."""

    def __init__(self, watching: WatchedContext, step: int, inner: AbstractAsyncContextManager[T]) -> None:
        self._watching, self._step, self._inner = watching, step, inner

    async def __aenter__(self) -> T:
        return await self._inner.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        try:
            await self._watching.closing(self._step)
        finally:
            await self._inner.__aexit__(kind, fault, trace)
        return None
