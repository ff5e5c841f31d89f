"""Each module says in one sentence what it holds; each public name says what it is."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.architecture.source import Source, Violation, library, none_of, plant, public_definitions, service

SECOND_SENTENCE = re.compile(r"[.!?]\s+[A-Z`]")


def is_one_sentence(text: str) -> bool:
    return text.endswith((".", "!", "?")) and "\n\n" not in text and not SECOND_SENTENCE.search(text)


def wordless_modules(sources: Iterable[Source]) -> Iterator[Violation]:
    for source in sources:
        if source.is_init or source.is_generated:
            continue
        docstring = ast.get_docstring(source.tree)
        if docstring is None or not is_one_sentence(docstring):
            yield Violation(
                source.at(1),
                "the module docstring isn't one sentence",
                "say what the file holds in one sentence with a full stop; details stand at the names.",
            )


def wordless_names(sources: Iterable[Source]) -> Iterator[Violation]:
    for source, name, definition in public_definitions(sources):
        documented = isinstance(definition, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documented and not ast.get_docstring(definition):
            yield Violation(
                source.at(definition.lineno),
                f"{name} is public and has no docstring",
                "one sentence: what it is for, as its user sees it.",
            )


def test_modules_say_what_they_hold() -> None:
    none_of(wordless_modules((*library(), *service())))


def test_public_names_say_what_they_are() -> None:
    none_of(wordless_names(library()))


@pytest.mark.parametrize("text", ["", '"""Without a stop"""', '"""One. Two."""', '"""One.\n\nMore of it."""'])
def test_module_rule_finds(tmp_path: Path, text: str) -> None:
    assert len(list(wordless_modules(plant(tmp_path, {"config/a.py": text})))) == 1


@pytest.mark.parametrize("text", ['"""One, e.g. this."""', '"""One sentence\nover two lines."""'])
def test_module_rule_allows(tmp_path: Path, text: str) -> None:
    none_of(wordless_modules(plant(tmp_path, {"config/a.py": text})))


@pytest.mark.parametrize("text", ["class A: ...", "def A(): ...", "async def A(): ..."])
def test_name_rule_finds(tmp_path: Path, text: str) -> None:
    room = 'from fastapi_chassis.config.a import A\n__all__ = ["A"]'
    found = list(wordless_names(plant(tmp_path, {"config/__init__.py": room, "config/a.py": text})))
    assert [each.where for each in found] == ["src/fastapi_chassis/config/a.py:1"]


def test_overloads_may_be_silent_and_what_they_are_of_may_not(tmp_path: Path) -> None:
    room = 'from fastapi_chassis.config.a import a\n__all__ = ["a"]'
    text = "@overload\ndef a(): ...\ndef a(): ..."
    found = list(wordless_names(plant(tmp_path, {"config/__init__.py": room, "config/a.py": text})))
    assert [each.where for each in found] == ["src/fastapi_chassis/config/a.py:3"]


def test_private_names_may_be_silent(tmp_path: Path) -> None:
    none_of(wordless_names(plant(tmp_path, {"config/__init__.py": "", "config/a.py": "class A: ..."})))
