"""Examination: the single looks of `chassis doctor`, each with what it found."""

import asyncio
import platform
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from fastapi_chassis.app import ApplicationAbstract, PluginCatalogue, listen_at
from fastapi_chassis.domain import ChassisError, Finding
from fastapi_chassis.status import HealthStatusEnum

OLDEST_PYTHON = (3, 12)
_LIMIT = 15.0  # seconds for everything that is asked of one backend


@dataclass(frozen=True, slots=True)
class Look:
    """One look.

    Args:
        name: what was looked at.
        detail: what was seen.
        findings: what is wrong.
        is_left_out: nothing was looked at, and the detail says why.
    """

    name: str
    detail: str
    findings: tuple[Finding, ...] = ()
    is_left_out: bool = False

    @property
    def state(self) -> str:
        """One word for it."""
        if self.findings:
            return "found"
        return "left out" if self.is_left_out else "well"


def look_at_surroundings(application: type[ApplicationAbstract]) -> list[Look]:
    """Looks at what needs no configuration: Python and the plugins that are installed."""
    return [_python(), _plugins(PluginCatalogue(application.plugins))]


async def look_at_parts(application: ApplicationAbstract) -> list[Look]:
    """Looks at port, migrations and backends; plugins are started and stopped again, the service is not."""
    migrations = await _migrations(application)
    return [_port(application), migrations, await _backends(application, is_behind=bool(migrations.findings))]


def _python() -> Look:
    version = platform.python_version()
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return Look("python", f"{version} at {sys.executable}")
    wanted = ".".join(map(str, OLDEST_PYTHON))
    return Look("python", version, (Finding(f"this is Python {version}", remedy=f"use {wanted} or newer."),))


def _plugins(catalogue: PluginCatalogue) -> Look:
    by_state: dict[str, list[str]] = {}
    for name in catalogue.names:
        by_state.setdefault("installed" if _is_there(catalogue, name) else "not installed", []).append(name)
    shown = (f"{state}: {', '.join(names)}" for state, names in sorted(by_state.items()))
    return Look("plugins", "; ".join(shown) or "none are known")


def _is_there(catalogue: PluginCatalogue, name: str) -> bool:
    try:
        catalogue.type_of(name)
    except ChassisError:
        return False
    return True


def _port(application: ApplicationAbstract) -> Look:
    server = application.config.server
    detail = f"{server.host}:{server.port}"
    try:
        listen_at(server).close()
    except ChassisError as fault:
        return Look("port", detail, fault.findings)
    return Look("port", f"{detail} is free")


async def _migrations(application: ApplicationAbstract) -> Look:
    """An unreachable database is no matter of this look: the one at backends tells of it."""
    findings: list[Finding] = []
    asked: list[str] = []
    for plugin in application.assembly.plugins:
        migrations = plugin.migrations()
        if migrations is not None:
            with suppress(ChassisError, TimeoutError):
                async with asyncio.timeout(_LIMIT):
                    findings += await migrations.pending()
                asked.append(plugin.instance)
    return Look("migrations", ", ".join(asked) or "nobody to ask", tuple(findings), is_left_out=not asked)


async def _backends(application: ApplicationAbstract, *, is_behind: bool) -> Look:
    parts = application.assembly
    names = ", ".join(plugin.instance for plugin in parts.plugins)
    if not names:
        return Look("backends", "no plugin is enabled", is_left_out=True)
    if is_behind:
        return Look("backends", "migrations come first", is_left_out=True)
    try:
        await parts.lifecycle.start()
        await parts.status.check()
        return Look("backends", names, tuple(_away(application)))
    except ChassisError as fault:
        return Look("backends", names, fault.findings)
    finally:
        await parts.lifecycle.stop()


def _away(application: ApplicationAbstract) -> Iterable[Finding]:
    for component in application.status.components:
        if component.status is not HealthStatusEnum.HEALTHY:
            what = (
                f"{component.name} is {component.status.value}: {component.detail or 'it does not say why'}"
            )
            yield Finding(what, remedy="see whether its server is there and answers.")
