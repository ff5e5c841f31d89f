"""Patterns: what `like` and its kin look for, as the regular expressions of MongoDB."""

import re
from collections.abc import Callable, Mapping
from functools import cache

# The server folds case by rules of its own, so what is compared in lower case is written out as classes of
# letters. Two letters have no class: the lower case of one is two letters, that of the other depends on where
# it stands. Texts that hold them are looked at again in Python, where a pattern could meet them.
PECULIAR = "[\u0130\u03a3]"  # capital I with a dot, and capital sigma
MOST_BYTES = 30_000  # MongoDB takes 32,764
MOST_WIDE = 1_600  # letters beyond ASCII: what they compile to is bounded as well
_PARTS = re.compile(r"\\.|.", re.DOTALL)
_MEETS = frozenset("i\u0307\u03c3\u03c2")
_CASED = range(0x20000)  # no letter beyond has a case


def like(pattern: str) -> str | None:
    """Translates a pattern for the whole text; None where MongoDB would refuse it for its size."""
    return _whole(pattern, _literal)


def ilike(pattern: str) -> tuple[str | None, bool]:
    """Translates a pattern for the lower case of the whole text.

    Returns:
        The expression, None where MongoDB would refuse it for its size; and whether it could meet a text that
        has a peculiar letter.
    """
    lowered = pattern.lower()
    return _whole(lowered, _lowering_to), not _MEETS.isdisjoint(lowered) or "_" in lowered


def contains_lower(text: str) -> tuple[str | None, bool]:
    """Translates a text that is looked for anywhere in the lower case of another; see `ilike`."""
    lowered = text.lower()
    return _bounded("".join(map(_lowering_to, lowered))), not _MEETS.isdisjoint(lowered)


def _whole(pattern: str, letter: Callable[[str], str]) -> str | None:
    first, *others = _segments(pattern, letter)
    if not others:
        return _bounded(rf"\A{first}\z")
    *middle, last = others
    # each part is looked for once, from where the one before ended: no text makes that take long
    between = "".join(f"(?>.*?{part})" for part in middle if part)
    return _bounded(rf"\A{first}{between}.*{last}\z")


def _segments(pattern: str, letter: Callable[[str], str]) -> list[str]:
    segments = [""]
    for part in _PARTS.findall(pattern):
        if part == "%":
            segments.append("")
        elif part == "_":
            segments[-1] += "."
        else:
            segments[-1] += letter(part[-1])
    return segments


def _bounded(expression: str) -> str | None:
    wide = sum(not one.isascii() for one in expression)
    return expression if len(expression.encode()) <= MOST_BYTES and wide <= MOST_WIDE else None


def _literal(letter: str) -> str:
    return letter if letter.isalnum() or not letter.isascii() else f"\\{letter}"


@cache
def _lowering_to(letter: str) -> str:
    """Returns the class of the letters that are this one in lower case."""
    if letter.isascii() and letter != "k":
        return f"[{letter}{letter.upper()}]" if letter.isalpha() else _literal(letter)
    others = _lowered_to().get(letter, "")
    return f"[{letter}{others}]" if others else _literal(letter)


@cache
def _lowered_to() -> Mapping[str, str]:
    """Says of each letter which others become it in lower case."""
    sources: dict[str, str] = {}
    for one in map(chr, _CASED):
        lowered = one.lower()
        if lowered != one and len(lowered) == 1:
            sources[lowered] = sources.get(lowered, "") + one
    return sources
