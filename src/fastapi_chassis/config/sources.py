"""What a loader is told: where to look, and which plugins there are."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypedDict

from fastapi_chassis.config.base import PluginConfig

type PluginProvider = type[PluginConfig] | Callable[[], type[PluginConfig]]
"""A plugin's configuration model, or a function that imports it; it is called for enabled sections only."""


class ConfigSources(TypedDict, total=False):
    """Where to look, instead of the usual places.

    Args:
        file: the YAML file, instead of `CHASSIS_CONFIG` or `application.yaml`.
        directory: where files are looked for, instead of the working directory.
        profile: the profile, instead of `CHASSIS_PROFILE`.
        environ: the environment variables, instead of the process's own.
    """

    file: Path | str | None
    directory: Path | str | None
    profile: str | None
    environ: Mapping[str, str] | None


def model_of(provider: PluginProvider) -> type[PluginConfig]:
    """The configuration model of a plugin; imports it where the provider is a function."""
    return provider if isinstance(provider, type) else provider()
