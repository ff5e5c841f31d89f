"""Features: which modules run in this process, and what they bring besides handlers."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import cast

from fastapi_chassis.app.container import Container, Need
from fastapi_chassis.app.factories import needs_of
from fastapi_chassis.app.module import HealthCheck, ServiceModule
from fastapi_chassis.application import Behavior, Handler, name_of
from fastapi_chassis.config import RootConfig
from fastapi_chassis.domain import Finding, Message
from fastapi_chassis.status import Component


def enabled_modules(
    config: RootConfig, modules: Sequence[ServiceModule]
) -> tuple[tuple[ServiceModule, ...], list[Finding]]:
    """Leaves out the modules that the configuration turns off.

    Returns:
        The others, and a finding for each name that is taken twice or unknown.
    """
    names = [module.name for module in modules]
    findings = [
        Finding(f"two modules are called {name}", remedy="give each feature its own name.")
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    findings += [
        Finding(
            f"modules.{name} is configured, and the application has no such module",
            remedy=f"its modules are: {', '.join(names) or 'none'}.",
        )
        for name in config.modules
        if name not in names
    ]
    off = {name for name, settings in config.modules.items() if not settings.enabled}
    return tuple(module for module in modules if module.name not in off), findings


def own_behaviors(
    modules: Iterable[ServiceModule], handlers: Iterable[Handler]
) -> tuple[Mapping[type[Message], Sequence[Behavior]], list[Finding]]:
    """Joins the behaviours of single message types.

    Returns:
        The behaviours by type, and a finding for each type that nobody handles.
    """
    handled = {handler.message for handler in handlers}
    joined: dict[type[Message], tuple[Behavior, ...]] = {}
    findings = []
    for module in modules:
        for message, behaviors in module.behaviors.items():
            joined[message] = (*joined.get(message, ()), *behaviors)
            if message not in handled:
                what = f"module {module.name} has behaviours for {message.__name__}, which nobody handles"
                findings.append(Finding(what, remedy="list its handler, or drop them."))
    return joined, findings


def health_needs(modules: Iterable[ServiceModule]) -> tuple[list[Need], list[Finding]]:
    """Reads what health checks ask for.

    Returns:
        The needs, and a finding for each check that can't be read.
    """
    needs: list[Need] = []
    findings = []
    for check in (check for module in modules for check in module.health.values()):
        try:
            needs += [Need(wanted, name_of(check)) for wanted in needs_of(check).values()]
        except TypeError as fault:
            findings.append(
                Finding(f"{name_of(check)} can't be called: {fault}", remedy="annotate its parameters.")
            )
    return needs, findings


def health_check(check: HealthCheck, container: Container) -> Callable[[], Awaitable[Component]]:
    """Gives a check what it asks for, each time anew."""
    needs = needs_of(check)

    async def checked() -> Component:
        async with container.open_scope() as scope:
            parts = {name: await scope.get(cast("type[object]", one)) for name, one in needs.items()}
            return await check(**parts)

    return checked
