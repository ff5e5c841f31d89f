"""Blueprint: what an application's class and its builder say, and the configuration that follows from it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import BaseModel

from fastapi_chassis.app.catalogue import PluginCatalogue, PluginType
from fastapi_chassis.app.module import ServiceModule
from fastapi_chassis.app.plugin_order import AnyPlugin
from fastapi_chassis.caching import CachingConfig
from fastapi_chassis.config import (
    ConfigSources,
    DependencyConfig,
    LoadedConfig,
    RootConfig,
    adopt_config,
    load_config,
)
from fastapi_chassis.domain import Finding, WiringError
from fastapi_chassis.messaging import MessagingConfig
from fastapi_chassis.security import SecurityConfig

SECTIONS: dict[str, type[BaseModel]] = {
    "caching": CachingConfig,
    "messaging": MessagingConfig,
    "security": SecurityConfig,
}


@dataclass(slots=True)
class Blueprint:
    """What a builder collected beyond the application's class."""

    plugins: list[PluginType | AnyPlugin] = field(default_factory=list)
    modules: list[ServiceModule] = field(default_factory=list)
    overrides: list[DependencyConfig] = field(default_factory=list)
    arguments: dict[str, object] = field(default_factory=dict)
    config: RootConfig | None = None
    sources: ConfigSources = field(default_factory=ConfigSources)


@dataclass(frozen=True, slots=True)
class Made:
    """What an application's class says of itself."""

    name: str
    version: str
    config_type: type[RootConfig]
    modules: tuple[ServiceModule, ...]
    plugins: tuple[PluginType, ...]


def configuration_of(
    made: Made, blueprint: Blueprint, catalogue: PluginCatalogue
) -> LoadedConfig[RootConfig]:
    """Loads the configuration alone.

    Raises:
        ChassisError: with every finding.
    """
    if blueprint.config is not None:
        if blueprint.arguments or blueprint.sources:
            raise WiringError(
                Finding(
                    "a whole configuration was given, and settings or sources besides",
                    remedy="use with_config alone, or with_setting and with_config_file without it.",
                )
            )
        return adopt_config(blueprint.config, sections=SECTIONS)
    loaded = _loaded(made, blueprint, catalogue, ())
    unsaid = catalogue.without_section(loaded.kinds.values())
    # a plugin that is only listed has a section too: with its variables, and under the rules of production
    return _loaded(made, blueprint, catalogue, unsaid) if unsaid else loaded


def _loaded(
    made: Made, blueprint: Blueprint, catalogue: PluginCatalogue, plugins: Iterable[str]
) -> LoadedConfig[RootConfig]:
    return load_config(
        made.config_type,
        sections=SECTIONS,
        plugins=catalogue.config_types(),
        arguments=blueprint.arguments,
        defaults={
            "service.name": made.name,
            "service.version": made.version,
            **{f"plugins.{name}.enabled": True for name in plugins},
        },
        **blueprint.sources,
    )
