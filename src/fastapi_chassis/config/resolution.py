"""Merges the layers from the top down along the shapes of the models; texts become values on the way."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from fastapi_chassis.config.expansion import Expansion, is_nothing, text_of, value_of
from fastapi_chassis.config.masking import is_secret_name
from fastapi_chassis.config.nearest import nearest, suggestion
from fastapi_chassis.config.origins import Path, last_key, variable_for
from fastapi_chassis.config.shapes import (
    OPEN,
    EntriesShape,
    ListShape,
    ModelShape,
    Shape,
    TextShape,
    ValueShape,
    shape_of,
)
from fastapi_chassis.config.traces import Traces
from fastapi_chassis.config.tree import Branch, Items, Leaf, Node

type Child = Callable[[Sequence[Node], Path], object]
"""Makes the value of one key from what the layers say of it, the lowest first."""


class Unset:
    """Stands where no value could be made; a finding says why."""


UNSET = Unset()


@dataclass(frozen=True, slots=True)
class Resolution:
    """Makes values of what the layers say.

    Args:
        expansion: fills placeholders in.
        traces: takes what becomes known about each path.
    """

    expansion: Expansion
    traces: Traces

    def child(self, annotation: object) -> Child:
        """Makes values of this type."""
        return lambda nodes, path: self.value(annotation, nodes, path)

    def value(self, annotation: object, nodes: Sequence[Node], path: Path) -> object:
        """The value at a path; UNSET where there is none to be had."""
        shape = shape_of(annotation)
        self.traces.shapes[path] = shape
        if isinstance(shape, ModelShape | EntriesShape):
            return self._section(shape, nodes, path)
        top: Node | None = nodes[-1]
        if isinstance(top, Leaf):
            top = self.expansion.filled(top, path)
        if isinstance(top, Leaf) and not isinstance(shape, TextShape):
            top = self.expansion.structured(top, wants_list=isinstance(shape, ListShape))
        match top:
            case None:
                return UNSET
            case Branch():
                return self._section(EntriesShape(_inside(shape), optional=True), [*nodes[:-1], top], path)
            case _:
                return self._plain(shape, top, path)

    def branches(
        self, nodes: Sequence[Node], path: Path, *, optional: bool = False
    ) -> list[Branch] | Leaf | Items:
        """The sections that merge at a path, or the value that stands in their place.

        A null is an empty section, or hides what lies below it where null is allowed, as other values do.
        """
        branches: list[Branch] = []
        for node in reversed(nodes):
            filled = self.expansion.filled(node, path) if isinstance(node, Leaf) else node
            below = self.expansion.structured(filled) if isinstance(filled, Leaf) else filled
            if below is None or (is_nothing(below) and not optional):
                branches.append(Branch({}, node.origin))
            elif isinstance(below, Branch):
                branches.append(below)
            elif branches:
                break
            else:
                return below
        return branches[::-1]

    def _section(self, shape: ModelShape | EntriesShape, nodes: Sequence[Node], path: Path) -> object:
        found = self.branches(nodes, path, optional=shape.optional)
        if not isinstance(found, list):
            return self._plain(ValueShape(), found, path)
        if isinstance(shape, EntriesShape):
            return self.entries(found, path, {}, self.child(shape.item))
        known = {name: self.child(annotation) for name, annotation in shape.fields().items()}
        return self.entries(found, path, known, self.child(object) if shape.is_open else None)

    def entries(
        self, branches: Sequence[Branch], path: Path, known: Mapping[str, Child], free: Child | None
    ) -> dict[str, object]:
        """The values of a section.

        Args:
            branches: what the layers say, the lowest first.
            path: the path of the section.
            known: how the value of each known key is made.
            free: how the values of other keys are made; None refuses them.
        """
        self.traces.places[path] = next(
            (branch.origin for branch in branches if branch.origin.line), branches[-1].origin
        )
        groups: dict[str, list[Node]] = {}
        for branch in branches:
            for key, node in branch.entries.items():
                name, named = self._named(key, node, known, groups)
                groups.setdefault(name, []).append(named)
        values: dict[str, object] = {}
        for name, nodes in groups.items():
            make = known.get(name, free)
            if make is None:
                self._refuse_key(name, nodes, path, known)
                continue
            value = make(nodes, (*path, name))
            if value is not UNSET:
                values[name] = value
        return values

    def _named(self, key: str, node: Node, known: Iterable[str], groups: Iterable[str]) -> tuple[str, Node]:
        if not node.origin.layer.folds_case:
            return key, node
        folded = {_folded(name): name for name in (*groups, *known)}
        if _folded(key) in folded:
            return folded[_folded(key)], node
        inside = folded.get(_folded(key).removesuffix("_file"))
        if inside in set(known) and isinstance(node, Leaf) and isinstance(node.value, str):
            return self.expansion.from_file(inside, node)
        return key, node

    def _refuse_key(self, name: str, nodes: Sequence[Node], path: Path, known: Iterable[str]) -> None:
        for node in nodes:
            remedy = suggestion(name, known)
            near = nearest(name, known)
            if node.origin.layer.folds_case and near is not None:
                more = "__..." if isinstance(node, Branch) else ""
                remedy = f"Did you mean {variable_for((*path, near))}{more}?"
            self.traces.report.add("unknown key", node.origin, (*path, name), remedy)

    def _plain(self, shape: Shape, node: Leaf | Items, path: Path) -> object:
        self.traces.origins[path] = node.origin
        if isinstance(node, Items):
            item = _inside(shape)
            values = [self.value(item, [below], (*path, index)) for index, below in enumerate(node.items)]
            return UNSET if any(value is UNSET for value in values) else values
        is_secret = isinstance(shape, TextShape) and shape.secret
        value = text_of(node, optional=shape.optional) if isinstance(shape, TextShape) else value_of(node)
        if isinstance(value, str) and (is_secret or is_secret_name(last_key(path))):
            self.traces.report.secrets.add(value)
        return value


def _inside(shape: Shape) -> object:
    """The type of the values inside a value."""
    if isinstance(shape, ListShape):
        return shape.item
    return OPEN if isinstance(shape, ValueShape) and not shape.known else object


def _folded(name: str) -> str:
    return name.casefold().replace("-", "_")
