"""StartContext: what one plugin meets when it starts, and all that has to be closed when it stops."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType

from fastapi_chassis.app.plugin_order import AnyPlugin
from fastapi_chassis.app.provided import Provided
from fastapi_chassis.config import RootConfig
from fastapi_chassis.domain import Finding, WiringError
from fastapi_chassis.observability import redact_text
from fastapi_chassis.status import Component, StatusService

_log = logging.getLogger("fastapi_chassis.lifecycle")

type Exit = Callable[
    [type[BaseException] | None, BaseException | None, TracebackType | None], Awaitable[None]
]


class StartContext:
    """One plugin's start: its resources, each closed within the time-out, in reverse.

    Args:
        plugin: which starts.
        config: the whole configuration.
        provided: takes what it gives.
        status: takes its checks.
        on_health: called with the name of a component before its check is registered.
    """

    def __init__(
        self,
        plugin: AnyPlugin,
        config: RootConfig,
        provided: Provided,
        status: StatusService,
        *,
        on_health: Callable[[str], None],
    ) -> None:
        self.config = config
        self._resources = AsyncExitStack()
        self._plugin = plugin
        self._provided = provided
        self._status = status
        self._on_health = on_health

    async def enter[T](self, resource: AbstractAsyncContextManager[T]) -> T:
        """Opens a resource; it is closed when the plugin stops."""
        entered = await resource.__aenter__()
        self._resources.push_async_exit(self._closing(resource))
        return entered

    def provide[T](self, interface: type[T], instance: T) -> None:
        """Gives what the plugin's class announced in `provides`.

        Raises:
            WiringError: it was not announced.
        """
        if interface not in self._plugin.provides:
            name = type(self._plugin).__name__
            raise WiringError(
                Finding(
                    f"{name} provides {interface.__name__} and did not announce it",
                    remedy=f"add it to the class: provides = ({interface.__name__},).",
                )
            )
        self._provided.give(self._plugin.instance, interface, instance)

    def health[H](self, name: str, check: Callable[[H], Awaitable[Component]], handle: H) -> None:
        """Registers a periodic check under the name of a component."""

        async def checked() -> Component:
            return await check(handle)

        self._on_health(name)
        self._status.register(name, checked, critical=self._plugin.config.required)
        self._resources.callback(self._status.unregister, name)

    async def close(self) -> None:
        """Takes back what was provided and closes every resource; a failure skips none."""
        self._provided.withdraw(self._plugin.instance)
        await self._resources.aclose()

    def _closing(self, resource: AbstractAsyncContextManager[object]) -> Exit:
        limit = self.config.server.stop_timeout
        name = self._plugin.instance

        async def close(
            kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
        ) -> None:
            try:
                async with asyncio.timeout(limit):
                    await resource.__aexit__(kind, fault, trace)
            except TimeoutError:
                _log.error("a resource of plugin %s did not close within %g s", name, limit)
            except Exception:  # noqa: BLE001 - told in the log, and the others are still closed
                _log.exception("a resource of plugin %s failed to close", name)

        return close


def redacted(fault: BaseException) -> str:
    """Says what happened, without secrets."""
    return redact_text(f"{type(fault).__name__}: {fault}")
