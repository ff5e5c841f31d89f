"""Composes a YAML parser's events into a tree; refuses duplicate keys, tags, aliases without measure."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NoReturn

from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from fastapi_chassis.config.origins import Origin, Path
from fastapi_chassis.config.placeholders import Broken, Template
from fastapi_chassis.config.report import Report
from fastapi_chassis.config.scalars import is_null
from fastapi_chassis.config.tree import Branch, Items, Leaf, Node, Style, moved
from fastapi_chassis.config.unreadable import UnreadableError

MAX_DEPTH = 50
MAX_NODES = 100_000

_TEXT_TAG = "tag:yaml.org,2002:str"
_OUTSIDE = StreamStartEvent | StreamEndEvent | DocumentEndEvent

type Restore = Callable[[str, str | None], str | Template | Broken]
type _Valued = MappingStartEvent | SequenceStartEvent | ScalarEvent


class YamlComposer:
    """Builds one tree and keeps its depth, and the size of its expanded aliases, in bounds.

    Args:
        events: what the parser read.
        restore: gives the text or template that a scalar stands for, by its text and quote.
        origin: the source; without a line, each node gets its own.
        report: takes single mistakes.
    """

    def __init__(self, events: Iterator[Event], restore: Restore, origin: Origin, report: Report) -> None:
        self._events = events
        self._restore = restore
        self._source = origin
        self._report = report
        self._anchors: dict[str, tuple[Node, int, int] | None] = {}
        self._nodes = 0
        self._deepest = 0

    def document(self) -> Node | None:
        """The tree of the only document; None where there is none.

        Raises:
            UnreadableError: at the first thing that is no plain data.
        """
        root: Node | None = None
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    self._refuse("a second document begins here", event, "remove the line ---")
                root = self._node(next(self._events), (), 0)
            elif not isinstance(event, _OUTSIDE):
                self._refuse("something unexpected stands here", event)
        return root

    def _node(self, event: Event, path: Path, depth: int) -> Node:
        self._nodes += 1
        self._deepest = max(self._deepest, depth)
        if depth > MAX_DEPTH:
            self._refuse(f"sections are nested deeper than {MAX_DEPTH}", event, "flatten them")
        if self._nodes > MAX_NODES:
            self._refuse(
                f"the file holds more than {MAX_NODES} values", event, "check that it is the right file"
            )
        if isinstance(event, AliasEvent):
            return self._alias(event, depth)
        if not isinstance(event, MappingStartEvent | SequenceStartEvent | ScalarEvent):
            self._refuse("something unexpected stands here", event)
        self._check_tag(event)
        return self._anchored(event, path, depth) if event.anchor else self._valued(event, path, depth)

    def _valued(self, event: _Valued, path: Path, depth: int) -> Node:
        match event:
            case MappingStartEvent():
                return self._branch(event, path, depth)
            case SequenceStartEvent():
                return self._items(event, path, depth)
            case _:
                return self._leaf(event, path)

    def _anchored(self, event: _Valued, path: Path, depth: int) -> Node:
        anchor = str(event.anchor)
        self._anchors[anchor] = None
        nodes_before, deepest_before = self._nodes, self._deepest
        self._deepest = depth
        node = self._valued(event, path, depth)
        self._anchors[anchor] = (node, self._nodes - nodes_before + 1, self._deepest - depth)
        self._deepest = max(deepest_before, self._deepest)
        return node

    def _alias(self, event: AliasEvent, depth: int) -> Node:
        name = str(event.anchor)
        if name not in self._anchors:
            self._refuse(f"*{name} has no anchor &{name} above it", event, "define it, or quote the text")
        anchored = self._anchors[name]
        if anchored is None:
            self._refuse(f"*{name} stands inside itself", event, "write the value out")
        node, size, height = anchored
        self._nodes += size
        self._deepest = max(self._deepest, depth + height)
        if self._nodes > MAX_NODES or self._deepest > MAX_DEPTH:
            self._refuse("the aliases of this file expand without measure", event, "write the values out")
        return moved(node, self._origin(event))

    def _branch(self, start: Event, path: Path, depth: int) -> Branch:
        entries: dict[str, Node] = {}
        inherited: dict[str, Node] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = self._key(event, path)
            below = (*path, key) if key else path
            node = moved(self._node(next(self._events), below, depth + 1), self._origin(event))
            if key == "<<":
                inherited.update(self._inherited(node, event))
            elif key in entries:
                first = entries[key].origin.line
                self._report.add(
                    f"duplicate key; the first is in line {first}", node.origin, below, "keep one of them"
                )
            elif key is not None:
                entries[key] = node
        return Branch({**inherited, **entries}, self._origin(start))

    def _inherited(self, node: Node, event: Event) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        for parent in reversed(node.items) if isinstance(node, Items) else [node]:
            if not isinstance(parent, Branch):
                self._refuse("<< takes the alias of a section", event, "write <<: *name")
            entries.update(parent.entries)
        return entries

    def _key(self, event: Event, path: Path) -> str | None:
        if not isinstance(event, ScalarEvent):
            self._skip(event)
            self._report.add("this key is no text", self._origin(event), path, "write the key as one word")
            return None
        key = self._restore(event.value, event.style)
        if not isinstance(key, str):
            remedy = "placeholders stand in values only"
            self._report.add("this key holds a placeholder", self._origin(event), path, remedy)
            return None
        if not key or (event.implicit[0] and is_null(key)):
            self._report.add("this key is empty", self._origin(event), path, "write a key before the colon")
            return None
        return key

    def _skip(self, event: Event) -> None:
        level = 0
        while True:
            level += isinstance(event, MappingStartEvent | SequenceStartEvent)
            level -= isinstance(event, MappingEndEvent | SequenceEndEvent)
            if level == 0:
                return
            event = next(self._events)

    def _items(self, start: Event, path: Path, depth: int) -> Items:
        items: list[Node] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            items.append(self._node(event, (*path, len(items)), depth + 1))
        return Items(tuple(items), self._origin(start))

    def _leaf(self, event: ScalarEvent, path: Path) -> Leaf:
        origin = self._origin(event)
        restored = self._restore(event.value, event.style)
        if isinstance(restored, Broken):
            self._report.add(restored.reason, origin, path, restored.remedy)
            return Leaf(Template(()), origin, Style.QUOTED)
        return Leaf(restored, origin, Style.PLAIN if event.implicit[0] else Style.QUOTED)

    def _check_tag(self, event: _Valued) -> None:
        is_text = event.tag == _TEXT_TAG and isinstance(event, ScalarEvent)
        if event.tag not in {None, "!"} and not is_text:
            self._refuse("tags are not supported here", event, "remove the word that begins with !")

    def _origin(self, event: Event) -> Origin:
        line, _ = _position(event)
        return self._source if self._source.line else replace(self._source, line=line)

    def _refuse(self, what: str, event: Event, remedy: str = "") -> NoReturn:
        line, column = _position(event)
        raise UnreadableError(what, line, remedy, column)


def _position(event: Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
