"""Processes: process managers of modules, as the handlers, consumers and repositories that they come to."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from fastapi_chassis.app.module import ServiceModule
from fastapi_chassis.application import (
    ProcessForm,
    ProcessManager,
    name_of,
    process_handlers,
    read_process,
)
from fastapi_chassis.domain import Finding


def with_processes(modules: Iterable[ServiceModule]) -> tuple[tuple[ServiceModule, ...], list[Finding]]:
    """Adds to each module what its process managers come to.

    Returns:
        The modules, and a finding for everything that is wrong with a process manager.
    """
    findings: list[Finding] = []
    listed = tuple(modules)
    seen: dict[str, type[ProcessManager]] = {}
    for manager in (manager for module in listed for manager in module.process_managers):
        other = seen.setdefault(manager.process_name, manager)
        if other is not manager:
            findings.append(_one_name(other, manager))
    return tuple(_extended(module, findings) for module in listed), findings


def _extended(module: ServiceModule, findings: list[Finding]) -> ServiceModule:
    forms: list[ProcessForm] = []
    for manager in module.process_managers:
        form, wrong = read_process(manager)
        findings += wrong
        if not wrong:
            forms.append(form)
    made = [process_handlers(form) for form in forms]
    if not made:
        return module
    listed: Sequence[type] = module.repositories
    kept = [one.repository for one in made if one.repository not in listed]
    return replace(
        module,
        handlers=(*module.handlers, *(handler for one in made for handler in one.handlers)),
        consumers=(*module.consumers, *(consumer for one in made for consumer in one.consumers)),
        repositories=(*listed, *kept),
    )


def _one_name(one: type[ProcessManager], other: type[ProcessManager]) -> Finding:
    return Finding(
        f"two process managers are called {other.process_name}: {name_of(one)} and {name_of(other)}",
        remedy='rename one: (ProcessManager, key="...", name="...").',
    )
