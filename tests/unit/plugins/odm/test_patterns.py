"""Patterns find the very texts that Python finds; `re` runs the expressions here as the server does there."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fastapi_chassis.application import matches
from fastapi_chassis.domain import Criterion, Lookup
from fastapi_chassis.plugins.odm.patterns import PECULIAR, contains_lower, ilike, like

LETTERS = (
    "aAbiIkKsSxX%_\\.*+?()[]{}|^$-&~# \n\t"
    "\u0130\u0131\u017f\u212a\u00df\u1e9e\u00e9\u00c9\u03c3\u03c2\u03a3\u0307\u00b5\u03bc\U00010400\U00010428"
)
TEXTS = st.text(alphabet=LETTERS, max_size=6)


class Row:
    def __init__(self, text: str) -> None:
        self.text = text
        self.meta = {"k": text}


def found(expression: str | None, text: str) -> bool:
    assert expression is not None
    return re.search(expression.replace(r"\z", r"\Z"), text, re.DOTALL) is not None


def asked(lookup: Lookup, pattern: str, text: str) -> bool:
    path = ("k",) if lookup is Lookup.JSONB_LIKE else ()
    return matches(Row(text), [Criterion("meta" if path else "text", lookup, pattern, path)])


def is_pattern(text: str) -> bool:
    return (len(text) - len(text.rstrip("\\"))) % 2 == 0


@given(TEXTS.filter(is_pattern), TEXTS)
def test_like_finds_what_python_finds(pattern, text):
    assert found(like(pattern), text) == asked(Lookup.LIKE, pattern, text)


def check(translated: tuple[str | None, bool], text: str, *, wanted: bool) -> None:
    expression, may_meet = translated
    if not (may_meet and re.search(PECULIAR, text)):
        assert found(expression, text) == wanted


@given(TEXTS.filter(is_pattern), TEXTS)
@example("%k", "\u212a")
@example("%\u0307", "\u0130")
@example("_", "\u0130")
@example("a%b", "A\u0130B")
def test_ilike_finds_what_python_finds(pattern, text):
    check(ilike(pattern), text, wanted=asked(Lookup.ILIKE, pattern, text))


@given(TEXTS, TEXTS)
@example("i", "\u0130")
@example("\u0307x", "\u0130x")
@example("\u03c2", "A\u03a3")
def test_contains_finds_what_python_finds(text, held):
    check(contains_lower(text), held, wanted=asked(Lookup.JSONB_LIKE, text, held))


def test_only_what_could_meet_a_peculiar_letter_is_looked_at_again():
    assert [contains_lower(text)[1] for text in ("dune", "sum_", "Title", "\u03a3")] == [
        False,
        False,
        True,
        True,
    ]
    assert [ilike(text)[1] for text in ("%dune%", "d_ne", "%Title")] == [False, True, True]


@pytest.mark.parametrize("pattern", ["x" * 40_000, "k" * 5_000, "\u00e9" * 5_000])
def test_what_is_too_large_for_the_server_is_not_translated(pattern):
    assert ilike(pattern)[0] is None


def test_the_greatest_pattern_of_plain_letters_is_translated():
    assert ilike("x" * 5_000)[0] is not None
    assert like("\\%" * 2_500) is not None


def test_no_text_makes_a_pattern_slow():
    pattern = like("%a" * 40 + "%b")
    assert pattern is not None
    assert not found(pattern, "a" * 20_000)
