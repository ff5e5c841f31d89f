"""Fills placeholders in and turns leaves into values."""

from dataclasses import dataclass, replace

from fastapi_chassis.config.environment import EnvironmentEnum
from fastapi_chassis.config.masking import is_secret_name
from fastapi_chassis.config.origins import Path
from fastapi_chassis.config.placeholders import Placeholder, Template
from fastapi_chassis.config.scalars import is_null, listed, typed
from fastapi_chassis.config.surroundings import Surroundings, Variable
from fastapi_chassis.config.tree import Items, Leaf, Node, Style
from fastapi_chassis.config.yaml_source import read_value


@dataclass(frozen=True, slots=True)
class Expansion:
    """What the variables make of leaves, in one profile."""

    surroundings: Surroundings
    profile: EnvironmentEnum | None = None

    def filled(self, leaf: Leaf, path: Path) -> Leaf | None:
        """The leaf with its placeholders filled in; None, and a finding, where a variable is not set.

        A leaf that was one placeholder counts as a variable from here on.
        What a variable says is not searched for placeholders.
        """
        template = leaf.value
        if not isinstance(template, Template):
            return leaf
        texts: list[str | None] = []
        variables: dict[str, Variable] = {}
        for part in template.parts:
            if isinstance(part, Placeholder) and (found := self.surroundings.variable(part.name)):
                variables[part.name] = found
                texts.append(found.text)
            else:
                texts.append(part if isinstance(part, str) else self._default(part, leaf, path))
        if None in texts or path in self.surroundings.report.spoiled:
            return None
        is_hidden = any(is_secret_name(name) or found.origin.is_secret for name, found in variables.items())
        origin = replace(leaf.origin, variables=tuple(variables), is_hidden=is_hidden)
        text = "".join(text for text in texts if text is not None)
        return Leaf(text, origin, Style.VARIABLE if template.whole else leaf.style)

    def _default(self, placeholder: Placeholder, leaf: Leaf, path: Path) -> str | None:
        if placeholder.default is None:
            profile = (
                f"the {self.profile} profile has no default for it" if self.profile else "it has no default"
            )
            what = f"{placeholder.name} is not set, and {profile}"
            directory = self.surroundings.secrets.directory
            remedy = f"set it, or put the file {placeholder.name.lower()} into {directory}"
            self.surroundings.report.add(what, leaf.origin, path, remedy)
        return placeholder.default

    def from_file(self, name: str, leaf: Leaf) -> tuple[str, Leaf]:
        """The setting whose value is in the file that a variable `..._FILE` names."""
        variable = self.surroundings.in_file(Variable(str(leaf.value), leaf.origin))
        return name, Leaf(variable.text, leaf.origin, Style.VARIABLE)

    def structured(self, leaf: Leaf, *, wants_list: bool = False) -> Node:
        """The list or section that a filled leaf writes out; the leaf itself where it writes none."""
        text = leaf.value
        if leaf.style is not Style.VARIABLE or not isinstance(text, str):
            return leaf
        node = read_value(text, leaf.origin)
        if node is not None:
            return node
        if not wants_list or text in {"null", "~"}:
            return leaf
        return Items(tuple(Leaf(item, leaf.origin, Style.VARIABLE) for item in listed(text)), leaf.origin)


def is_nothing(node: Node) -> bool:
    """Whether a filled node says null, or is an empty variable."""
    if not isinstance(node, Leaf):
        return False
    if node.style in {Style.PLAIN, Style.VARIABLE}:
        return isinstance(node.value, str) and is_null(node.value)
    return node.value is None


def text_of(leaf: Leaf, *, optional: bool) -> object:
    """The value of a filled leaf where text is wanted; an empty variable is null only where null may be."""
    if is_nothing(leaf) and (leaf.style is not Style.VARIABLE or optional):
        return None
    return leaf.value


def value_of(leaf: Leaf) -> object:
    """The value of a filled leaf where anything else is wanted; quoted text stays text."""
    if leaf.style in {Style.PLAIN, Style.VARIABLE} and isinstance(leaf.value, str):
        return typed(leaf.value)
    return leaf.value
