"""adopt_config: takes a configuration made in code, under the same rules as one from files."""

from collections.abc import Mapping

from pydantic import BaseModel

from fastapi_chassis.config.failures import ConfigurationError
from fastapi_chassis.config.loaded import LoadedConfig
from fastapi_chassis.config.root import RootConfig


def adopt_config[C: RootConfig](
    config: C, *, sections: Mapping[str, type[BaseModel]] | None = None
) -> LoadedConfig[C]:
    """Take a configuration as it is: no file, no variable; further sections get their defaults.

    Args:
        config: the configuration.
        sections: further sections by name.

    Raises:
        ConfigurationError: where its environment refuses something in it.
    """
    # the loader's part of this room is imported when it is needed, as in load_config
    from fastapi_chassis.config.traces import Traces
    from fastapi_chassis.config.validation import validated

    traces = Traces()
    environment = config.environment
    validated(type(config), config, (), traces, environment)
    for name, plugin in config.plugins.items():
        validated(type(plugin), plugin, ("plugins", name), traces, environment)
    own = type(config).model_fields
    contributed = {
        name: validated(model, {}, (name,), traces, environment)
        for name, model in (sections or {}).items()
        if name not in own
    }
    if traces.report:
        raise ConfigurationError(*traces.report.findings())
    made = {name: section for name, section in contributed.items() if section is not None}
    return LoadedConfig(config, {}, made, {name: name for name in config.plugins})
