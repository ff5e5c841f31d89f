"""Reads `.env` text: `NAME=value` lines, quotes, comments, `export`; values are never expanded."""

import re
from dataclasses import dataclass

_NAME = re.compile(r"[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_.\-]*)[ \t]*=[ \t]*")
_DOUBLE = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"', re.DOTALL)
_SINGLE = re.compile(r"'(?P<text>[^']*)'")
_PLAIN = re.compile(r"(?P<text>[^\n]*)")
_REST = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class DotenvEntry:
    """One variable and the line it stands in."""

    text: str
    line: int


def read_dotenv(source: str) -> tuple[dict[str, DotenvEntry], list[int]]:
    """The variables of a `.env` text, the last of a name winning, and the lines that say nothing readable."""
    source = source.replace("\r\n", "\n")
    entries: dict[str, DotenvEntry] = {}
    unreadable: list[int] = []
    index, line = 0, 1
    while index < len(source):
        end = _entry(source, index, line, entries)
        if end is None:
            end = source.find("\n", index) + 1 or len(source)
            if not re.match(r"[ \t]*(#|$)", source[index:end].rstrip("\n")):
                unreadable.append(line)
        line += source.count("\n", index, end)
        index = end
    return entries, unreadable


def _entry(source: str, index: int, line: int, entries: dict[str, DotenvEntry]) -> int | None:
    name = _NAME.match(source, index)
    if name is None:
        return None
    quoted = _DOUBLE.match(source, name.end()) or _SINGLE.match(source, name.end())
    if quoted is not None:
        rest = _REST.match(source, quoted.end())
        if rest is None:
            return None
        is_double = source[name.end()] == '"'
        entries[name["name"]] = DotenvEntry(_unescaped(quoted["text"]) if is_double else quoted["text"], line)
        return rest.end()
    if source[name.end() : name.end() + 1] in {'"', "'"}:
        return None
    plain = _PLAIN.match(source, name.end())
    text = plain["text"] if plain else ""
    entries[name["name"]] = DotenvEntry(re.split(r"(?:^|[ \t]+)#", text, maxsplit=1)[0].rstrip(), line)
    return min(name.end() + len(text) + 1, len(source))


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text, flags=re.DOTALL)
