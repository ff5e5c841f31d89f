"""The loader: reads the layers, merges and validates them, and ends in one configuration or one report."""

from collections.abc import Mapping, Sequence
from typing import Unpack

from pydantic import BaseModel

from fastapi_chassis.config.environment import EnvironmentEnum
from fastapi_chassis.config.expansion import Expansion
from fastapi_chassis.config.failures import ConfigurationError
from fastapi_chassis.config.files import Files, read_files
from fastapi_chassis.config.layers import argument_layer, dotenv_layer, environment_layer, secrets_layer
from fastapi_chassis.config.loaded import LoadedConfig
from fastapi_chassis.config.origins import Layer, Origin, dotted
from fastapi_chassis.config.plugin_sections import PluginSections
from fastapi_chassis.config.report import Report
from fastapi_chassis.config.resolution import Child, Resolution
from fastapi_chassis.config.root import RootConfig
from fastapi_chassis.config.shapes import ModelShape
from fastapi_chassis.config.sources import ConfigSources, PluginProvider
from fastapi_chassis.config.surroundings import Surroundings, read_surroundings
from fastapi_chassis.config.traces import Traces
from fastapi_chassis.config.tree import Branch
from fastapi_chassis.config.validation import validated


def load[C: RootConfig](
    root: type[C],
    *,
    sections: Mapping[str, type[BaseModel]] | None = None,
    plugins: Mapping[str, PluginProvider] | None = None,
    arguments: Mapping[str, object] | None = None,
    defaults: Mapping[str, object] | None = None,
    **sources: Unpack[ConfigSources],
) -> LoadedConfig[C]:
    """Load every layer; see `load_config`."""
    report = Report()
    surroundings = read_surroundings(sources, report)
    files = read_files(sources, arguments or {}, surroundings)
    if not files.is_complete:
        raise ConfigurationError(*report.findings())
    contributed = {name: model for name, model in (sections or {}).items() if name not in root.model_fields}
    branches = [
        *argument_layer(defaults or {}, Layer.APPLICATION),
        *files.branches,
        *_variables(surroundings, {*root.model_fields, *contributed}),
        *argument_layer({key: value for key, value in (arguments or {}).items() if key != "environment"}),
    ]
    resolution = Resolution(Expansion(surroundings, files.environment), Traces(report))
    return _Loading(root, contributed, plugins or {}, resolution, files).run(branches)


def _variables(surroundings: Surroundings, tops: set[str]) -> list[Branch]:
    return [
        *secrets_layer(surroundings, tops),
        *dotenv_layer(surroundings, tops),
        *environment_layer(surroundings, tops),
    ]


class _Loading[C: RootConfig]:
    """One run of the loader, after its sources were read."""

    def __init__(
        self,
        root: type[C],
        sections: Mapping[str, type[BaseModel]],
        plugins: Mapping[str, PluginProvider],
        resolution: Resolution,
        files: Files,
    ) -> None:
        self._root = root
        self._sections = sections
        self._resolution = resolution
        self._files = files
        self._plugins = PluginSections(plugins, resolution, files.environment)

    @property
    def _traces(self) -> Traces:
        return self._resolution.traces

    @property
    def _environment(self) -> EnvironmentEnum:
        return self._files.environment

    def run(self, branches: Sequence[Branch]) -> LoadedConfig[C]:
        """Merge and validate the layers, the lowest first."""
        values = self._resolution.entries(branches, (), self._children(), None)
        values["environment"] = self._environment
        self._traces.origins["environment",] = self._files.origin
        sections = {name: self._section(name, values) for name in self._sections}
        config = validated(self._root, values, (), self._traces, self._environment)
        findings = self._traces.report.findings()
        if config is None or findings:
            raise ConfigurationError(*findings, kinds=self._plugins.kinds)
        return LoadedConfig(
            config,
            _by_path(self._traces.origins),
            {name: section for name, section in sections.items() if section is not None},
            self._plugins.kinds,
            _by_path(self._traces.places),
        )

    def _children(self) -> dict[str, Child]:
        annotations = {**ModelShape(self._root).fields(), **self._sections}
        children = {name: self._resolution.child(annotation) for name, annotation in annotations.items()}
        return {**children, "plugins": self._plugins.all}

    def _section(self, name: str, values: dict[str, object]) -> BaseModel | None:
        given = values.pop(name, {})
        return validated(self._sections[name], given, (name,), self._traces, self._environment)


def _by_path(origins: Mapping[tuple[str | int, ...], Origin]) -> dict[str, Origin]:
    return {dotted(path): origin for path, origin in origins.items() if path}
