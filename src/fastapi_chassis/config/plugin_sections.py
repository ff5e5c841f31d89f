"""The sections below `plugins`: which plugin each one means, and its configuration if it is enabled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ConfigDict

from fastapi_chassis.config.base import PluginConfig
from fastapi_chassis.config.environment import EnvironmentEnum
from fastapi_chassis.config.expansion import value_of
from fastapi_chassis.config.nearest import suggestion
from fastapi_chassis.config.origins import Path
from fastapi_chassis.config.resolution import UNSET, Child, Resolution
from fastapi_chassis.config.shapes import ModelShape
from fastapi_chassis.config.sources import PluginProvider, model_of
from fastapi_chassis.config.traces import Traces
from fastapi_chassis.config.tree import Branch, Leaf, Node, Style
from fastapi_chassis.config.validation import validated
from fastapi_chassis.domain import ChassisError


class _Head(PluginConfig):
    """What every section may say, also a disabled one."""

    model_config = ConfigDict(extra="ignore")

    kind: str | None = None


@dataclass(slots=True)
class PluginSections:
    """Makes the configuration of each plugin section.

    Args:
        providers: the known plugins by name.
        resolution: merges the layers.
        environment: the environment whose rules hold.
        kinds: filled with the plugin that each section means.
    """

    providers: Mapping[str, PluginProvider]
    resolution: Resolution
    environment: EnvironmentEnum
    kinds: dict[str, str] = field(default_factory=dict)

    @property
    def _traces(self) -> Traces:
        return self.resolution.traces

    def all(self, nodes: Sequence[Node], path: Path) -> object:
        """The configurations by section."""
        found = self.resolution.branches(nodes, path)
        if not isinstance(found, list):
            self._traces.report.add(
                "expected a section of keys", found.origin, path, "write plugins: {redis: {}}"
            )
            return UNSET
        return self.resolution.entries(found, path, {}, self.one)

    def one(self, nodes: Sequence[Node], path: Path) -> object:
        """The configuration of one section; a disabled one is not looked into."""
        branches = self.resolution.branches([self._opened(node, path) for node in nodes], path)
        if not isinstance(branches, list):
            remedy = "write the plugin's keys, or true or false"
            self._traces.report.add("expected a section of keys", branches.origin, path, remedy)
            return UNSET
        head = self._head(branches, path)
        if head is None:
            return UNSET
        kind = head.kind or str(path[-1])
        if kind not in self.providers:
            self._refuse_kind(kind, head, path)
            return UNSET
        self.kinds[str(path[-1])] = kind
        if not head.enabled:
            return PluginConfig(enabled=False, required=head.required)
        return self._configuration(kind, branches, path)

    def _opened(self, node: Node, path: Path) -> Node:
        """`redis: true` and `redis: false` as sections."""
        filled = self.resolution.expansion.filled(node, path) if isinstance(node, Leaf) else node
        if isinstance(filled, Leaf) and isinstance(flag := value_of(filled), bool):
            leaf = Leaf(str(flag).lower(), filled.origin, Style.PLAIN)
            return Branch({"enabled": leaf}, filled.origin)
        return filled or Branch({}, node.origin)

    def _head(self, branches: Sequence[Branch], path: Path) -> _Head | None:
        fields = ModelShape(_Head).fields()
        known = {name: self.resolution.child(annotation) for name, annotation in fields.items()}
        values = self.resolution.entries(branches, path, known, _unread)
        return validated(_Head, values, path, self._traces, self.environment)

    def _configuration(self, kind: str, branches: Sequence[Branch], path: Path) -> PluginConfig | object:
        try:
            model = model_of(self.providers[kind])
        except ChassisError as error:
            self._pass_on(error, path)
            return UNSET
        known: dict[str, Child] = {
            name: self.resolution.child(annotation) for name, annotation in ModelShape(model).fields().items()
        }
        values = self.resolution.entries(branches, path, {"kind": _unread, **known}, None)
        made = validated(model, values, path, self._traces, self.environment)
        return UNSET if made is None else made

    def _pass_on(self, error: ChassisError, path: Path) -> None:
        origin = self._traces.places.get(path)
        for finding in error.findings:
            if finding.where:
                self._traces.report.add_finding(finding, origin)
            else:
                self._traces.report.add(finding.what, origin, path, finding.remedy)

    def _refuse_kind(self, kind: str, head: _Head, path: Path) -> None:
        at = (*path, "kind") if head.kind else path
        origin = self._traces.origins.get(at) or self._traces.places.get(path)
        remedy = suggestion(kind, self.providers)
        if not self.providers:
            remedy = "install the extra that brings it"
        self._traces.report.add(f"no plugin is called {kind}", origin, at, remedy)


def _unread(nodes: Sequence[Node], path: Path) -> object:
    del nodes, path
    return UNSET
