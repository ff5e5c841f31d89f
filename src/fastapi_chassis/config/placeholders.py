"""`${VAR}` and `${VAR:default}`: found before YAML is parsed, filled in when the value is needed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*\Z")

# For a placeholder the YAML parser sees characters of the private use area, which it takes for letters.
# Such a shield has the length of what it stands for, so that lines and columns of error messages stay right.
_OPEN, _FILL, _DOLLAR = "\ue000", "\ue001", "\ue002"
_DIGIT, _BASE = 0xE100, 4096
_SHIELD = re.compile(f"{_OPEN}([\ue100-\uf0ff])([\ue100-\uf0ff]){_FILL}*")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_PRIVATE = re.compile("[\ue000-\uf8ff]")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One variable, and what stands for it where it is not set."""

    name: str
    default: str | None = None

    def __str__(self) -> str:
        return f"${{{self.name}}}"


@dataclass(frozen=True, slots=True)
class Template:
    """A text with placeholders."""

    parts: tuple[str | Placeholder, ...]

    @property
    def whole(self) -> Placeholder | None:
        """The placeholder that is all of the text, if it is one."""
        match self.parts:
            case (Placeholder() as only,):
                return only
        return None


@dataclass(frozen=True, slots=True)
class Broken:
    """A placeholder that can't be read: why, and what to do."""

    reason: str
    remedy: str = "write ${NAME} or ${NAME:default}; a literal ${ is written $${"


def closing_braces(text: str) -> dict[int, int]:
    """The closing brace of each opening one; pairs stand on one line, escaped braces don't count."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for found in re.finditer(r"\\[{}]|[{}\n]", text):
        match found.group():
            case "{":
                opened.append(found.start())
            case "}" if opened:
                pairs[opened.pop()] = found.start()
            case "\n":
                opened.clear()
    return pairs


def parse(body: str) -> Placeholder | Broken:
    r"""Read what stands between `${` and `}`.

    A default holds any characters, its braces balanced or escaped as `\{` and `\}`; `$${` is a literal `${`.
    """
    name, colon, default = body.partition(":")
    if not _NAME.match(name):
        return Broken("a placeholder names no variable")
    if re.search(r"(?<!\$)\$\{", default):
        return Broken("the default of a placeholder holds another placeholder")
    default = re.sub(r"\\([{}])", r"\1", default.replace("$${", "${"))
    return Placeholder(name, default if colon else None)


class Shields:
    """The placeholders of one source, shielded while YAML is parsed."""

    def __init__(self, source: str) -> None:
        self._bodies: list[str] = []
        self.source = "".join(self._shield(source))

    def _shield(self, source: str) -> Iterator[str]:
        index, closing = 0, closing_braces(source)
        for found in re.finditer(r"\$?\$\{", source):
            if found.start() < index:
                continue
            yield source[index : found.start()]
            index = found.end()
            if found.group().startswith("$$"):
                yield _DOLLAR * 2
                index -= 1
                continue
            end = closing.get(index - 1, -1)
            if end - index < 1 or len(self._bodies) >= _BASE * _BASE:
                yield found.group()
                continue
            number = len(self._bodies)
            self._bodies.append(source[index:end])
            digits = chr(_DIGIT + number // _BASE) + chr(_DIGIT + number % _BASE)
            yield _OPEN + digits + _FILL * (end - index)
            index = end + 1
        yield source[index:]

    def restore(self, text: str, quote: str | None) -> str | Template | Broken:
        """What a scalar says: its text, or its template.

        Args:
            text: the scalar as the parser gave it.
            quote: the quote around it, whose escapes hold inside placeholders too.
        """
        parts: list[str | Placeholder] = []
        index = 0
        for found in _SHIELD.finditer(text):
            if found.start() > index:
                parts.append(text[index : found.start()])
            number = (ord(found[1]) - _DIGIT) * _BASE + ord(found[2]) - _DIGIT
            placeholder = parse(_unquoted(self._bodies[number], quote))
            if isinstance(placeholder, Broken):
                return placeholder
            parts.append(placeholder)
            index = found.end()
        if index < len(text) or not parts:
            parts.append(text[index:])
        return _finished(parts)


def _finished(parts: list[str | Placeholder]) -> str | Template | Broken:
    for index, part in enumerate(parts):
        if isinstance(part, str):
            if "${" in part:
                return Broken("a placeholder is not closed on its line, or is empty")
            parts[index] = part.replace(_DOLLAR * 2, "$")
    if len(parts) == 1 and isinstance(parts[0], str):
        return parts[0]
    return Template(tuple(parts))


def has_private_characters(source: str) -> bool:
    """Whether a source holds characters of the private use area, which stand for placeholders here."""
    return _PRIVATE.search(source) is not None


def _unquoted(body: str, quote: str | None) -> str:
    if quote == "'":
        return body.replace("''", "'")
    if quote == '"':
        return re.sub(r'\\(["\\ntr])', lambda found: _ESCAPES.get(found[1], found[1]), body)
    return body
