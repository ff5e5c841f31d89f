"""The tree of one layer before it has types: branches, lists and leaves, each with its origin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from pydantic import BaseModel

from fastapi_chassis.config.origins import Layer, Origin


class Style(Enum):
    """How a leaf was written, which decides how its text becomes a value."""

    PLAIN = auto()
    QUOTED = auto()
    VARIABLE = auto()
    OBJECT = auto()


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value: a text as written, a template with placeholders, or a Python object given as argument."""

    value: object
    origin: Origin
    style: Style = Style.OBJECT


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: "tuple[Node, ...]"
    origin: Origin


@dataclass(frozen=True, slots=True)
class Branch:
    """A section: nodes by key."""

    entries: "Mapping[str, Node]"
    origin: Origin


type Node = Leaf | Items | Branch


def moved(node: Node, origin: Origin) -> Node:
    """The same node as written at another place."""
    return replace(node, origin=origin)


def tree_of(value: object, layer: Layer, source: str) -> Node:
    """The tree of a Python value; a text is read as a variable is, a model as the fields that were set."""
    origin = Origin(layer, source)
    match value:
        case BaseModel():
            given = {name: getattr(value, name) for name in sorted(value.model_fields_set)}
            return tree_of(given, layer, source)
        case Mapping():
            entries = {str(key): tree_of(item, layer, f"{source}.{key}") for key, item in value.items()}
            return Branch(entries, origin)
        case list() | tuple():
            return Items(tuple(tree_of(item, layer, source) for item in value), origin)
        case str() if not isinstance(value, Enum):
            return Leaf(value, origin, Style.VARIABLE)
        case _:
            return Leaf(value, origin)


def at(path: Sequence[str], node: Node) -> Branch:
    """The node under a path of keys, at least one."""
    for key in reversed(path[1:]):
        node = Branch({key: node}, node.origin)
    return Branch({path[0]: node}, node.origin)
