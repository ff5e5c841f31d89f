"""LoadedConfig: the configuration, its plugin and further sections, and where each value came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from fastapi_chassis.config.base import PluginConfig
from fastapi_chassis.config.environment import EnvironmentEnum
from fastapi_chassis.config.origins import DEFAULT, Origin
from fastapi_chassis.config.root import RootConfig


@dataclass(frozen=True, slots=True)
class LoadedConfig[C: RootConfig]:
    """What load_config found.

    Args:
        config: the root model.
        origins: where each value that was set came from, by dotted path.
        sections: the sections that rooms contributed.
        kinds: the plugin that each section below `plugins` means.
        places: where each section stands, by dotted path.
    """

    config: C
    origins: Mapping[str, Origin] = field(repr=False)
    sections: Mapping[str, BaseModel] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, Origin] = field(default_factory=dict, repr=False)

    @property
    def environment(self) -> EnvironmentEnum:
        """The environment, which is also the profile."""
        return self.config.environment

    def origin(self, path: str) -> Origin:
        """Where the value or section at a dotted path came from."""
        return self.origins.get(path) or self.places.get(path) or DEFAULT

    def plugin(self, name: str) -> PluginConfig:
        """The configuration of a plugin section; of a disabled one only `enabled` and `required` are known.

        Raises:
            KeyError: where there is no such section.
        """
        return self.config.plugins[name]

    def kind(self, name: str) -> str:
        """The plugin that a section means.

        Raises:
            KeyError: where there is no such section.
        """
        return self.kinds[name]

    def section(self, name: str) -> BaseModel:
        """A section by name, contributed or the root's own.

        Raises:
            KeyError: where there is no such section.
        """
        own = getattr(self.config, name, None) if name in type(self.config).model_fields else None
        return own if isinstance(own, BaseModel) else self.sections[name]
