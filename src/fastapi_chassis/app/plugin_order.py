"""The order in which plugins start: what each requires comes first."""

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from fastapi_chassis.app.plugin import PluginAbstract
from fastapi_chassis.config import PluginConfig
from fastapi_chassis.domain import Finding

type AnyPlugin = PluginAbstract[PluginConfig]


def requirements_of(plugin: AnyPlugin, plugins: Sequence[AnyPlugin]) -> tuple[str, ...]:
    """Names the instances that must have started before: every instance of each required kind."""
    wanted = set(plugin.requires)
    return tuple(
        other.instance
        for other in plugins
        if other is not plugin and (other.name in wanted or other.instance in wanted)
    )


def order_findings(plugins: Sequence[AnyPlugin]) -> list[Finding]:
    """Finds requirements that nobody meets, plugins that require each other, and names that stand twice."""
    names = {name for plugin in plugins for name in (plugin.name, plugin.instance)}
    findings = [
        Finding(
            f"plugin {plugin.instance} requires {wanted}, which is not enabled",
            remedy=f"enable it in application.yaml: plugins: {{{wanted}: {{}}}}.",
        )
        for plugin in plugins
        for wanted in plugin.requires
        if wanted not in names
    ]
    findings += [
        Finding(
            f"plugin {plugin.instance} is required and rests on {other}, which is not",
            remedy=f"set required: true for {other}, or required: false for {plugin.instance}.",
        )
        for plugin in plugins
        if plugin.config.required
        for other in requirements_of(plugin, plugins)
        if not next(one for one in plugins if one.instance == other).config.required
    ]
    instances = [plugin.instance for plugin in plugins]
    findings += [
        Finding(f"two plugins are called {name}", remedy="give each section its own name.")
        for name in sorted(set(instances))
        if instances.count(name) > 1
    ]
    try:
        sorter_of(plugins).prepare()
    except CycleError as cycle:
        ring = " → ".join(cycle.args[1])
        findings.append(
            Finding(f"plugins require each other: {ring}", remedy="drop one of the requirements.")
        )
    return findings


def sorter_of(plugins: Sequence[AnyPlugin]) -> TopologicalSorter[str]:
    """Makes the sorter that tells which plugins may start next."""
    return TopologicalSorter({plugin.instance: requirements_of(plugin, plugins) for plugin in plugins})
