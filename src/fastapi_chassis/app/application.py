"""ApplicationAbstract: a service, as a class that names it and lists what it is made of."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import ClassVar, cast

from fastapi import FastAPI

from fastapi_chassis.app.assembly import Assembly, assemble
from fastapi_chassis.app.blueprint import Blueprint, Made
from fastapi_chassis.app.catalogue import PluginType
from fastapi_chassis.app.dead_letters import only_carriers
from fastapi_chassis.app.module import ServiceModule
from fastapi_chassis.app.start_context import redacted
from fastapi_chassis.application import Mediator, name_of
from fastapi_chassis.config import RootConfig, render_report
from fastapi_chassis.domain import ChassisError, Finding
from fastapi_chassis.messaging import DeadLetters
from fastapi_chassis.status import StatusService

_log = logging.getLogger("fastapi_chassis.application")

type Lifespan = AbstractAsyncContextManager[Mapping[str, object]]
type Scope = MutableMapping[str, object]
type Receive = Callable[[], Awaitable[MutableMapping[str, object]]]
type Send = Callable[[MutableMapping[str, object]], Awaitable[None]]


class StartError(ChassisError):
    """The application's own part of the start failed."""


class ApplicationAbstract:
    """A service: derive from it, name it, list its modules; an instance is an ASGI application.

    Args:
        blueprint: what a builder collected; without one, everything comes from the class and configuration.

    Raises:
        ChassisError: with everything that is wired or configured wrongly, at once.
    """

    name: ClassVar[str] = "service"
    version: ClassVar[str] = "0.0.0"
    config_type: ClassVar[type[RootConfig]] = RootConfig
    modules: ClassVar[Sequence[ServiceModule]] = ()
    plugins: ClassVar[Sequence[PluginType]] = ()

    def __init__(self, blueprint: Blueprint | None = None) -> None:
        self.start_failure: ChassisError | None = None
        self._running: AsyncExitStack | None = None
        self._lifespan_state: Mapping[str, object] = {}
        made = Made(self.name, self.version, self.config_type, tuple(self.modules), tuple(self.plugins))
        self._assembly = assemble(made, blueprint or Blueprint(), self._configure)

    def configure(self, app: FastAPI) -> None:
        """Adds routes or anything else of FastAPI's own; called once, before the wiring is checked."""

    async def on_startup(self) -> None:
        """Runs once, after every plugin has started and before messages flow."""

    async def on_shutdown(self) -> None:
        """Runs once, after messages have stopped and before any plugin stops."""

    @property
    def fastapi(self) -> FastAPI:
        """The FastAPI instance."""
        return self._assembly.fastapi

    @property
    def config(self) -> RootConfig:
        """The whole configuration; known already when `configure` is called."""
        return self._config

    @property
    def mediator(self) -> Mediator:
        """The mediator behind all doors."""
        return self._assembly.mediator

    @property
    def status(self) -> StatusService:
        """The health of the parts."""
        return self._assembly.status

    @property
    def assembly(self) -> Assembly:
        """All parts, for reports, tests and commands."""
        return self._assembly

    async def start(self) -> None:
        """Starts plugins, then `on_startup`, then messages; cleans up whatever had started if one fails.

        Raises:
            ChassisError: a part could not start.
        """
        if self._running is not None:
            raise RuntimeError("the application is running already")
        parts = self._assembly
        parts.fastapi.state.chassis.draining = False
        async with AsyncExitStack() as stack:
            parts.status.starting()
            stack.push_async_callback(parts.lifecycle.stop)
            parts.container.open()
            # what lives as long as the application may rest on plugins, so it ends before they do
            stack.push_async_callback(parts.container.close)
            await parts.lifecycle.start()
            lifespan = parts.fastapi.router.lifespan_context(parts.fastapi)
            self._lifespan_state = await stack.enter_async_context(cast("Lifespan", lifespan))
            stack.push_async_callback(self._shut_down)
            await self._start_up()
            await stack.enter_async_context(parts.road.running())
            await stack.enter_async_context(parts.status.running())
            parts.status.ready()
            self._running = stack.pop_all()

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[None]:
        """Runs plugins and relays for the length of a block: no HTTP, no consumers, no `on_startup`.

        Raises:
            ChassisError: a plugin could not start, or there is nothing to relay.
        """
        departures = self._assembly.road.departures
        departures.check()
        async with self._with_plugins(), departures.relaying():
            yield

    @asynccontextmanager
    async def operating(self) -> AsyncIterator[DeadLetters]:
        """Gives an operator the dead letters for the length of a block: no HTTP, no consumers, no relay.

        What only carries messages is not started: what a replay sends waits in the outbox.

        Raises:
            ChassisError: a plugin could not start.
        """
        parts = self._assembly
        without = only_carriers(parts.plugins) if parts.road.config.enable_outbox else ()
        async with self._with_plugins(without=without), parts.road.operating() as desk:
            yield desk

    @asynccontextmanager
    async def _with_plugins(self, *, without: Collection[str] = ()) -> AsyncIterator[None]:
        parts = self._assembly
        async with AsyncExitStack() as stack:
            stack.push_async_callback(parts.lifecycle.stop)
            parts.container.open()
            stack.push_async_callback(parts.container.close)
            await parts.lifecycle.start(without=without)
            yield

    async def stop(self) -> None:
        """Stops in reverse: not ready, messages, `on_shutdown`, plugins; a failure skips nothing."""
        self.drain()
        running, self._running = self._running, None
        if running is not None:
            await running.aclose()

    def drain(self) -> None:
        """Says that the end has begun: readiness turns 503 and connections are not kept alive."""
        self._assembly.status.stopping()
        self._assembly.fastapi.state.chassis.draining = True

    def _configure(self, app: FastAPI, config: RootConfig) -> None:
        self._config = config
        self.configure(app)

    async def _start_up(self) -> None:
        limit = self.config.server.start_timeout
        timer = asyncio.timeout(limit)
        try:
            async with timer:
                await self.on_startup()
        except ChassisError:
            raise
        except Exception as fault:
            what = f"took more than {limit:g} s" if timer.expired() else f"failed: {redacted(fault)}"
            where = name_of(type(self).on_startup)
            raise StartError(
                Finding(f"on_startup {what}", where, "repair it: the service needs it.")
            ) from fault

    async def _shut_down(self) -> None:
        limit = self.config.server.stop_timeout
        try:
            async with asyncio.timeout(limit):
                await self.on_shutdown()
        except Exception:  # noqa: BLE001 - told in the log, and nothing else is skipped
            _log.exception("on_shutdown failed; everything else stops all the same")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves as an ASGI application."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            if self._lifespan_state:
                cast("dict[str, object]", scope.setdefault("state", {})).update(self._lifespan_state)
            await self._assembly.fastapi(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.start()
        except ChassisError as failure:
            self.start_failure = failure
            report = render_report(f"{self.name} could not start", failure.findings)
            await send({"type": "lifespan.startup.failed", "message": report})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})
