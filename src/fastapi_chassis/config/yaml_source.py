"""Reads YAML text into a tree with lines; the text must be plain data in one document."""

import json
from collections.abc import Iterator
from dataclasses import replace

import yaml
from yaml.events import Event

from fastapi_chassis.config.origins import Layer, Origin
from fastapi_chassis.config.placeholders import Shields, has_private_characters
from fastapi_chassis.config.report import Report
from fastapi_chassis.config.scalars import is_null
from fastapi_chassis.config.tree import Branch, Items, Leaf, Node, Style
from fastapi_chassis.config.unreadable import UnreadableError
from fastapi_chassis.config.yaml_composer import YamlComposer
from fastapi_chassis.config.yaml_reasons import in_plain_words


def read_yaml(text: str, source: str, layer: Layer, report: Report) -> Branch:
    """The sections of a YAML text; single mistakes go into the report.

    Args:
        text: the content of the file.
        source: the file as it is shown.
        layer: the layer it stands for.
        report: takes duplicate keys, broken placeholders and the like.

    Raises:
        UnreadableError: where the text is not YAML, or holds no sections.
    """
    if has_private_characters(text):
        raise UnreadableError("the file holds characters of the private use area", remedy="remove them")
    shields = Shields(text)
    root = YamlComposer(_events(shields.source), shields.restore, Origin(layer, source), report).document()
    match root:
        case None:
            return Branch({}, Origin(layer, source))
        case Branch():
            return root
        case Leaf(value=str(value), style=Style.PLAIN) if is_null(value):
            return Branch({}, Origin(layer, source))
        case _:
            remedy = "begin with keys, as service: {name: shop}"
            raise UnreadableError("the file holds no sections", root.origin.line, remedy)


def read_value(text: str, origin: Origin) -> Node | None:
    """The list or section that a value writes out, in JSON or in YAML's brackets; None if it does neither."""
    if text.strip()[:1] not in {"[", "{"}:
        return None
    try:
        return _json_node(json.loads(text), origin)
    except (ValueError, RecursionError):
        report = Report()
    try:
        node = YamlComposer(
            _events(text), lambda scalar, _: scalar, replace(origin, line=origin.line or 1), report
        )
        found = node.document()
    except UnreadableError:
        return None
    return None if report else found


def _json_node(value: object, origin: Origin) -> Node:
    match value:
        case dict():
            return Branch({str(key): _json_node(item, origin) for key, item in value.items()}, origin)
        case list():
            return Items(tuple(_json_node(item, origin) for item in value), origin)
        case str():
            return Leaf(value, origin, Style.QUOTED)
        case _:
            return Leaf(json.dumps(value), origin, Style.PLAIN)


def _events(text: str) -> Iterator[Event]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        reason, remedy = in_plain_words(error)
        raise UnreadableError(reason, line, remedy, column) from error
    except yaml.YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        raise UnreadableError("the file holds a control character", line, "remove it") from error
