"""Plugins that write down what happens to them, and builders that read nothing of this machine."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from fastapi_chassis.app import ApplicationAbstract, ApplicationGenericBuilder, PluginAbstract, PluginContext
from fastapi_chassis.config import PluginConfig, RootConfig
from fastapi_chassis.status import Component, healthy

NOWHERE = Path("/nonexistent")


def builder[App: ApplicationAbstract](application: type[App]) -> ApplicationGenericBuilder[App]:
    """A builder that finds no file and no variable."""
    return ApplicationGenericBuilder(application).with_sources(directory=NOWHERE, environ={})


def server(**settings: float) -> RootConfig:
    return RootConfig.model_validate({"server": settings})


@dataclass
class Ledger:
    """What happened, in order, and where a plugin is to fail."""

    lines: list[str] = field(default_factory=list)
    failures: dict[str, BaseException] = field(default_factory=dict)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    reached: dict[str, asyncio.Event] = field(default_factory=dict)

    async def write(self, line: str) -> None:
        """Notes a line, waits where there is a gate, and fails where that is asked for."""
        self.lines.append(line)
        if line in self.reached:
            self.reached[line].set()
        if line in self.gates:
            await self.gates[line].wait()
        if line in self.failures:
            raise self.failures[line]

    def stops_at(self, line: str) -> asyncio.Event:
        """Holds whoever writes this line until the returned event is set."""
        self.reached[line] = asyncio.Event()
        self.gates[line] = asyncio.Event()
        return self.gates[line]

    @asynccontextmanager
    async def resource(self, name: str) -> AsyncIterator[str]:
        await self.write(f"{name} opens")
        try:
            yield name
        finally:
            await self.write(f"{name} closes")


class LedgerPlugin(PluginAbstract[PluginConfig]):
    name = "ledger"
    ledger: Ledger

    async def start(self, context: PluginContext) -> None:
        await context.enter(self.ledger.resource(f"{self.instance} pool"))
        context.health(self.instance, self.check, self.instance)
        await self.ledger.write(f"{self.instance} starts")
        await context.enter(self.ledger.resource(f"{self.instance} channel"))

    async def stop(self) -> None:
        await self.ledger.write(f"{self.instance} stops")

    async def check(self, handle: str) -> Component:
        return healthy(handle)


def plugin(
    ledger: Ledger,
    kind: str,
    *,
    requires: tuple[str, ...] = (),
    provides: tuple[type, ...] = (),
    required: bool = True,
    instance: str = "",
    start: Callable[[PluginContext], None] | None = None,
) -> LedgerPlugin:
    """A plugin with its own name and needs; `start` is called when it has started."""

    class Made(LedgerPlugin):
        name = kind

        async def start(self, context: PluginContext) -> None:
            await super().start(context)
            if start is not None:
                start(context)

    Made.requires: ClassVar[tuple[str, ...]] = requires
    Made.provides: ClassVar[tuple[type, ...]] = provides
    made = Made(PluginConfig(required=required), instance=instance)
    made.ledger = ledger
    return made
