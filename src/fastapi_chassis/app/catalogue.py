"""PluginCatalogue: which plugins exist, and which of them the configuration wants."""

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from pydantic import ValidationError

from fastapi_chassis.app.plugin import PluginAbstract
from fastapi_chassis.app.plugin_order import AnyPlugin
from fastapi_chassis.application import name_of
from fastapi_chassis.config import PluginConfig
from fastapi_chassis.domain import ChassisError, Finding, WiringError

ENTRY_POINT_GROUP = "fastapi_chassis.plugins"

type PluginType = type[PluginAbstract[PluginConfig]]


class PluginCatalogue:
    """Every plugin by its name; a library is imported only when its plugin is wanted.

    Args:
        added: plugins that the application lists itself, as classes or as instances.
    """

    def __init__(self, added: Iterable[PluginType | AnyPlugin] = ()) -> None:
        self.listed: dict[str, PluginType] = {}
        self.findings: list[Finding] = []
        self._instances: list[AnyPlugin] = []
        for plugin in added:
            kind = plugin if isinstance(plugin, type) else type(plugin)
            if not getattr(kind, "name", ""):
                what = f"{kind.__qualname__} has no name"
                self.findings.append(Finding(what, name_of(kind), 'say it in the class: name = "...".'))
                continue
            self.listed[kind.name] = kind
            if not isinstance(plugin, type):
                self._instances.append(plugin)
        self._installed: dict[str, EntryPoint] = {
            point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)
        }

    @property
    def names(self) -> tuple[str, ...]:
        """Every kind that can be enabled."""
        return tuple(sorted({*self.listed, *self._installed}))

    def type_of(self, name: str) -> PluginType:
        """Imports a plugin.

        Raises:
            ChassisError: it is unknown, its library is not installed, or it is no plugin.
        """
        if name in self.listed:
            return self.listed[name]
        if name not in self._installed:
            known = ", ".join(self.names)
            raise ChassisError(Finding(f"there is no plugin {name}", remedy=f"known plugins: {known}."))
        return _imported(self._installed[name])

    def without_section(self, kinds: Iterable[str]) -> list[str]:
        """Names the listed plugins that no section, of the given kinds, and no instance speaks for."""
        spoken_for = {*kinds, *(one.name for one in self._instances)}
        return [name for name in self.listed if name not in spoken_for]

    def config_types(self) -> Mapping[str, Callable[[], type[PluginConfig]]]:
        """Returns, per kind, how to get the type of its section; asking imports the plugin."""
        return {name: self._config_type(name) for name in self.names}

    def _config_type(self, name: str) -> Callable[[], type[PluginConfig]]:
        return lambda: self.type_of(name).config_type

    def enabled(
        self, sections: Mapping[str, PluginConfig], kinds: Mapping[str, str], findings: list[Finding]
    ) -> list[AnyPlugin]:
        """Makes every plugin that is wanted: by a section, by the application's list, or as an instance.

        Args:
            sections: the configured sections by name.
            kinds: the kind of each section.
            findings: takes what is wrong with those that can't be made.
        """
        made = [plugin for plugin in self._instances if plugin.config.enabled]
        present = {plugin.instance for plugin in self._instances}
        wanted = {
            section: (self._kind_of(section, config, kinds), config)
            for section, config in sections.items()
            if section not in present
        }
        for section, (kind, config) in wanted.items():
            if config.enabled:
                made += _made(findings, self._of_section, section, kind, config)
        for name in self.without_section(kind for kind, _ in wanted.values()):
            made += _made(findings, self._by_default, name)
        return made

    def _of_section(self, section: str, kind: str, config: PluginConfig) -> AnyPlugin:
        return self.type_of(kind)(config, instance=section)

    def _by_default(self, name: str) -> AnyPlugin:
        plugin = self.listed[name]
        try:
            return plugin(plugin.config_type())
        except ValidationError as fault:
            missing = ", ".join(".".join(map(str, one["loc"])) for one in fault.errors())
            what = f"plugin {name} is listed, and nothing sets its {missing}"
            raise WiringError(Finding(what, remedy=f"configure plugins.{name}.")) from fault

    def _kind_of(self, section: str, config: PluginConfig, kinds: Mapping[str, str]) -> str:
        kind = kinds.get(section, section)
        if kind in self.names:
            return kind
        same = (name for name, plugin in self.listed.items() if plugin.config_type is type(config))
        return next(same, kind)


def _imported(point: EntryPoint) -> PluginType:
    try:
        found = point.load()
    except (ImportError, AttributeError) as fault:
        what = f"the plugin {point.name} can't be imported from {point.value}: {fault}"
        raise ChassisError(Finding(what, remedy="repair or uninstall the package that brings it.")) from fault
    if not (isinstance(found, type) and issubclass(found, PluginAbstract)):
        what = f"the entry point {point.name} = {point.value} is no plugin"
        raise ChassisError(Finding(what, remedy="derive it from PluginAbstract."))
    if found.name != point.name:
        what = f"the entry point {point.name} = {point.value} is a plugin called {found.name}"
        raise ChassisError(
            Finding(what, remedy="give both one name: it is also the key in application.yaml.")
        )
    return cast("PluginType", found)


def _made[**P](
    findings: list[Finding], make: Callable[P, AnyPlugin], *arguments: P.args, **options: P.kwargs
) -> list[AnyPlugin]:
    try:
        return [make(*arguments, **options)]
    except ChassisError as fault:
        findings += fault.findings
        return []
