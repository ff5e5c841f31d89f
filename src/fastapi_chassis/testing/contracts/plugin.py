"""What every plugin promises: it starts, stops and starts again, and never leaves anything open."""

# ruff: noqa: D102 - a test says what it checks by its name

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest

from fastapi_chassis.app import (
    ApplicationAbstract,
    ApplicationGenericBuilder,
    Assembly,
    PluginAbstract,
    PluginStartError,
)
from fastapi_chassis.config import PluginConfig
from fastapi_chassis.status import HealthStatusEnum
from fastapi_chassis.testing.contracts.plugin_context import Tripped, WatchedContext

type AnyPlugin = PluginAbstract[PluginConfig]
type PluginType = type[PluginAbstract[PluginConfig]]
type MakePlugin = Callable[[str], AnyPlugin]

_DISABLED = """
import sys
from fastapi_chassis.app import ApplicationAbstract, ApplicationGenericBuilder
builder = ApplicationGenericBuilder(ApplicationAbstract).with_sources(environ={{}}, directory="/nonexistent")
assembly = builder.with_setting("plugins.{name}.enabled", False).build().assembly
imported = sorted(module for module in {vendors} if module in sys.modules)
sys.exit("imported: " + ", ".join(imported) if imported or assembly.plugins else 0)
"""


def _assembled(*plugins: AnyPlugin, **server: float) -> Assembly:
    builder = ApplicationGenericBuilder(ApplicationAbstract).with_sources(
        environ={}, directory="/nonexistent"
    )
    for name, value in server.items():
        builder.with_setting(f"server.{name}", value)
    for plugin in plugins:
        builder.add_plugin(plugin)
    return builder.build().assembly


@asynccontextmanager
async def _started(assembly: Assembly) -> AsyncIterator[Assembly]:
    """Runs the plugins of an application, and nothing else of it."""
    assembly.container.open()
    try:
        await assembly.lifecycle.start()
        yield assembly
    finally:
        await assembly.container.close()
        await assembly.lifecycle.stop()


class PluginContract:
    """Derive, set the attributes, and supply the fixture `config`: a section whose backend answers.

    Attributes:
        plugin_type: the plugin.
        vendor_modules: what must not be imported where the plugin is disabled; for installed plugins.
    """

    plugin_type: ClassVar[PluginType]
    vendor_modules: ClassVar[tuple[str, ...]] = ()

    @pytest.fixture
    def make(self, config: PluginConfig) -> MakePlugin:
        return lambda instance: self.plugin_type(config, instance=instance)

    @pytest.fixture(autouse=True)
    async def leaves_no_task(self) -> AsyncIterator[None]:
        before = asyncio.all_tasks()
        yield
        await asyncio.sleep(0)
        left = asyncio.all_tasks() - before - {asyncio.current_task()}
        assert not left, f"these still run after the stop: {left}"

    async def steps(self, make: MakePlugin) -> int:
        """Counts the resources that a good start opens."""
        watching = WatchedContext()
        async with _started(_assembled(watching.watch(make("")))):
            return len(watching.opened)

    async def test_it_gives_what_it_announced(self, make: MakePlugin) -> None:
        watching = WatchedContext()
        async with _started(_assembled(watching.watch(make("")))) as assembly:
            assert watching.provided == set(self.plugin_type.provides)
            for interface in self.plugin_type.provides:
                assert await assembly.container.get(interface) is not None

    async def test_it_can_start_again(self, make: MakePlugin) -> None:
        assembly = _assembled(make(""))
        for _ in range(3):
            async with _started(assembly):
                await assembly.status.check()
                assert assembly.status.health() is HealthStatusEnum.HEALTHY

    async def test_its_health_is_known_while_it_runs(self, make: MakePlugin) -> None:
        watching = WatchedContext()
        assembly = _assembled(watching.watch(make("")))
        async with _started(assembly):
            assert watching.components, "register a check by context.health"
            assert {one.name for one in assembly.status.components} == set(watching.components)
            await assembly.status.check()
            assert {one.status for one in assembly.status.components} == {HealthStatusEnum.HEALTHY}
        assert assembly.status.components == ()

    async def test_resources_are_closed_in_reverse(self, make: MakePlugin) -> None:
        watching = WatchedContext()
        async with _started(_assembled(watching.watch(make("")))):
            assert watching.closed == []
        assert watching.closed == watching.opened[::-1]

    async def test_a_start_that_fails_at_any_step_leaves_nothing_open(self, make: MakePlugin) -> None:
        for step in range(1, await self.steps(make) + 1):

            async def trip(reached: int, failing: int = step) -> None:
                if reached == failing:
                    raise Tripped

            watching = WatchedContext(trip)
            assembly = _assembled(watching.watch(make("")))
            with pytest.raises(PluginStartError, match=self.plugin_type.name):
                await assembly.lifecycle.start()
            assert watching.opened == list(range(1, step))
            assert watching.closed == watching.opened[::-1]
            assert assembly.status.components == ()

    async def test_a_start_that_is_cancelled_at_any_step_leaves_nothing_open(self, make: MakePlugin) -> None:
        for step in range(1, await self.steps(make) + 1):
            reached = asyncio.Event()

            async def wait(at: int, chosen: int = step, reached: asyncio.Event = reached) -> None:
                if at == chosen:
                    reached.set()
                    await asyncio.Event().wait()

            watching = WatchedContext(wait)
            assembly = _assembled(watching.watch(make("")))
            starting = asyncio.create_task(assembly.lifecycle.start())
            await asyncio.wait_for(reached.wait(), 60)
            starting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await starting
            assert watching.closed == watching.opened[::-1]
            assert assembly.status.components == ()

    async def test_a_start_that_hangs_is_ended(self, make: MakePlugin) -> None:
        watching = WatchedContext(lambda _: asyncio.sleep(3_600))
        assembly = _assembled(watching.watch(make("")), start_timeout=0.05)
        with pytest.raises(PluginStartError, match=r"did not start within 0\.05 s"):
            await assembly.lifecycle.start()
        assert watching.closed == watching.opened[::-1]

    async def test_a_resource_that_hangs_at_the_end_holds_nobody_up(self, make: MakePlugin) -> None:
        watching = WatchedContext(close=lambda _: asyncio.sleep(3_600))
        async with asyncio.timeout(30):
            async with _started(_assembled(watching.watch(make("")), stop_timeout=0.05)):
                pass
        assert watching.closed == watching.opened[::-1]

    async def test_two_sections_of_it_live_side_by_side(self, make: MakePlugin) -> None:
        one, other = WatchedContext(), WatchedContext()
        plugins = one.watch(make("")), other.watch(make("other"))
        if plugins[0].store() is not None:
            return  # a service has one store
        async with _started(_assembled(*plugins)):
            assert not set(one.components) & set(other.components), "name components by self.instance"
        assert other.closed == other.opened[::-1]

    def test_disabled_its_library_is_not_imported(self) -> None:
        vendors = self.vendor_modules
        if not vendors:
            return
        code = _DISABLED.format(name=self.plugin_type.name, vendors=vendors)
        done = subprocess.run(  # noqa: S603 - this interpreter, and a text from here
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr

    def test_disabled_it_leaves_nothing_behind(self, config: PluginConfig) -> None:
        off = config.model_copy(update={"enabled": False})
        with_it, without_it = _assembled(self.plugin_type(off)), _assembled()
        assert with_it.plugins == ()
        assert with_it.status.components == ()
        assert with_it.fastapi.openapi() == without_it.fastapi.openapi()
