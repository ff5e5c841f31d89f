"""Lifecycle: starts plugins in dependency order, independent ones together, and stops them in reverse."""

import asyncio
import logging
import random
from collections.abc import Collection, Iterable, Sequence
from contextlib import AsyncExitStack

from fastapi_chassis.app.plugin_order import AnyPlugin, requirements_of, sorter_of
from fastapi_chassis.app.provided import Provided
from fastapi_chassis.app.start_context import StartContext, redacted
from fastapi_chassis.config import RootConfig
from fastapi_chassis.domain import ChassisError, Finding
from fastapi_chassis.status import HealthStatusEnum, StatusService

_log = logging.getLogger("fastapi_chassis.lifecycle")

_FIRST_PAUSE = 0.2  # seconds before the first attempt to heal
_LONGEST_PAUSE = 10.0


class PluginStartError(ChassisError):
    """A plugin could not start."""


class Lifecycle:
    """The life of all plugins of an application.

    Args:
        plugins: enabled ones, in any order.
        config: the whole configuration; its `server` section has the time-outs.
        provided: where they put what they give.
        status: where their checks are registered.
    """

    def __init__(
        self, plugins: Sequence[AnyPlugin], config: RootConfig, provided: Provided, status: StatusService
    ) -> None:
        self._plugins = {plugin.instance: plugin for plugin in plugins}
        self._config = config
        self._provided = provided
        self._status = status
        self._started: list[tuple[AnyPlugin, StartContext]] = []
        self._away: set[str] = set()
        self._healing: set[asyncio.Task[None]] = set()

    async def start(self, *, without: Collection[str] = ()) -> None:
        """Starts plugins; if one fails, those that had started are stopped again.

        Args:
            without: the instances that are left out; no other may require them.

        Raises:
            PluginStartError: naming every plugin that failed.
        """
        sorter = sorter_of([plugin for name, plugin in self._plugins.items() if name not in without])
        sorter.prepare()
        running: dict[asyncio.Task[None], str] = {}
        findings: list[Finding] = []
        try:
            while sorter.is_active() and (running or not findings):
                if not findings:
                    running |= {asyncio.create_task(self._start(name)): name for name in sorter.get_ready()}
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    name = running.pop(task)
                    fault = task.exception()
                    if fault is None:
                        sorter.done(name)
                    elif isinstance(fault, ChassisError):
                        findings += fault.findings
                    else:
                        raise fault
            if findings:
                raise PluginStartError(*findings)
        except BaseException:
            try:
                await _cancelled(running)
            finally:
                await self.stop()
            raise

    async def stop(self) -> None:
        """Stops every plugin that had started, the last one first; a failure never skips another."""
        try:
            await self._stop_healing()
        finally:
            started, self._started = self._started, []
            async with AsyncExitStack() as stack:
                for plugin, context in started:
                    stack.push_async_callback(self._stop, plugin, context)

    async def _stop_healing(self) -> None:
        await _cancelled(self._healing)
        for name in tuple(self._away):
            self._is_back(name)

    async def _start(self, name: str) -> None:
        plugin = self._plugins[name]
        if self._may_start(plugin):
            findings = await self._attempt(plugin)
        else:
            findings = (Finding(f"plugin {name} waits for what it requires"),)
        if not findings:
            return
        if plugin.config.required:
            raise PluginStartError(*findings)
        _log.warning("plugin %s is away, the service starts without it: %s", name, findings[0].what)
        self._is_away(name, findings[0].what)
        task = asyncio.create_task(self._heal(plugin), name=f"heal {name}")
        self._healing.add(task)
        task.add_done_callback(self._healing.discard)

    def _may_start(self, plugin: AnyPlugin) -> bool:
        up = {started.instance for started, _ in self._started}
        return up.issuperset(requirements_of(plugin, list(self._plugins.values())))

    async def _attempt(self, plugin: AnyPlugin) -> tuple[Finding, ...]:
        """Starts a plugin and returns what went wrong; then nothing of it stays open."""
        limit = self._config.server.start_timeout
        context = StartContext(plugin, self._config, self._provided, self._status, on_health=self._is_back)
        timer = asyncio.timeout(limit)
        try:
            async with timer:
                await plugin.start(context)
        except BaseException as fault:
            await context.close()
            if _is_of_the_plugin(fault):
                return _findings(plugin, fault, limit if timer.expired() else None)
            raise
        self._started.append((plugin, context))
        return ()

    async def _heal(self, plugin: AnyPlugin) -> None:
        pause = _FIRST_PAUSE
        while True:
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads attempts, hides nothing
            pause = min(pause * 2, _LONGEST_PAUSE)
            if not self._may_start(plugin):
                continue
            findings = await self._attempt(plugin)
            if not findings:
                self._is_back(plugin.instance)
                _log.info("plugin %s is back", plugin.instance)
                return
            self._is_away(plugin.instance, findings[0].what)

    def _is_away(self, name: str, why: str) -> None:
        """Shows a plugin as unhealthy until it, or its own check, takes the place."""
        if name not in self._away:
            self._status.register(name, None, critical=False)
            self._away.add(name)
        self._status.report(name, HealthStatusEnum.UNHEALTHY, why)

    def _is_back(self, name: str) -> None:
        if name in self._away:
            self._away.discard(name)
            self._status.unregister(name)

    async def _stop(self, plugin: AnyPlugin, context: StartContext) -> None:
        limit = self._config.server.stop_timeout
        try:
            async with asyncio.timeout(limit):
                await plugin.stop()
        except TimeoutError:
            _log.error("plugin %s did not stop within %g s", plugin.instance, limit)
        except Exception:  # noqa: BLE001 - told in the log, and the others still stop
            _log.exception("plugin %s failed to stop", plugin.instance)
        finally:
            await context.close()


def _is_of_the_plugin(fault: BaseException) -> bool:
    """Whether a start failed by itself; a cancellation from within is its failure as well."""
    if isinstance(fault, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is None or not task.cancelling()
    return isinstance(fault, Exception)


def _findings(plugin: AnyPlugin, fault: BaseException, limit: float | None) -> tuple[Finding, ...]:
    name = plugin.instance
    if limit is not None:
        return (
            Finding(
                f"plugin {name} did not start within {limit:g} s",
                remedy="see whether its server answers, or raise server.start_timeout.",
            ),
        )
    if isinstance(fault, ChassisError) and fault.findings:
        return tuple(
            Finding(f"plugin {name} could not start: {one.what}", one.where, one.remedy)
            for one in fault.findings
        )
    return (
        Finding(
            f"plugin {name} could not start: {redacted(fault)}",
            remedy=f"see whether its server is there, or set plugins.{name}.required: false.",
        ),
    )


async def _cancelled(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in (held := list(tasks)):
        task.cancel()
    await asyncio.gather(*held, return_exceptions=True)
