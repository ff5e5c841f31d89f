"""load_config: the door of this room; what stands behind it is imported when it is opened."""

from collections.abc import Mapping
from typing import Unpack

from pydantic import BaseModel

from fastapi_chassis.config.loaded import LoadedConfig
from fastapi_chassis.config.root import RootConfig
from fastapi_chassis.config.sources import ConfigSources, PluginProvider


def load_config[C: RootConfig](
    root: type[C],
    *,
    sections: Mapping[str, type[BaseModel]] | None = None,
    plugins: Mapping[str, PluginProvider] | None = None,
    arguments: Mapping[str, object] | None = None,
    defaults: Mapping[str, object] | None = None,
    **sources: Unpack[ConfigSources],
) -> LoadedConfig[C]:
    """Load the configuration of a service.

    Args:
        root: the service's root model.
        sections: further sections by name, as rooms contribute them.
        plugins: the known plugins by name; a function among them is called for enabled sections only.
        arguments: the highest layer, nested or by dotted path.
        defaults: a layer above the defaults of the models and below every file.
        sources: `file`, `directory`, `profile` and `environ`, where they are not the usual ones.

    Raises:
        ConfigurationError: with every finding, where anything is wrong.
    """
    # YAML and the loader are two thirds of this room's import cost, and models are declared without them
    from fastapi_chassis.config.loader import load

    return load(root, sections=sections, plugins=plugins, arguments=arguments, defaults=defaults, **sources)
