"""A skip or an expected failure says why, and none of them hides a failure."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, Violation, none_of

PLACES = ("tests", "service/tests", "src/fastapi_chassis/testing", "benchmarks")


def files_with_tests() -> list[Path]:
    return sorted(path for place in PLACES for path in (ROOT / place).rglob("*.py"))


def is_empty(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and not str(value.value or "").strip())


def excuses(tree: ast.Module, shown: str) -> Iterator[Violation]:
    called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        call = called.get(id(node))
        where = f"{shown}:{node.lineno}"
        match node:
            case ast.Attribute(value=ast.Attribute(attr="mark"), attr="skip" | "skipif" | "xfail"):
                yield from unexplained_mark(node.attr, call, where)
            case ast.Attribute(value=ast.Name(id="pytest"), attr="importorskip"):
                yield Violation(
                    where, "importorskip", "import it: a test that needs a library has it in the dev group."
                )
            case ast.Attribute(value=ast.Name(id="pytest"), attr="skip" | "xfail") if call:
                given = call.args[0] if call.args else keyword(call, "reason")
                if is_empty(given):
                    yield Violation(
                        where, f"pytest.{node.attr} without a reason", "say what is missing here."
                    )


def unexplained_mark(kind: str, call: ast.Call | None, where: str) -> Iterator[Violation]:
    given = keyword(call, "reason") if call else None
    if kind == "skip" and call and call.args:
        given = call.args[0]
    if is_empty(given):
        yield Violation(
            where, f"{kind} without a reason", "say in `reason=` what has to change for it to run."
        )
    strict = keyword(call, "strict") if call else None
    if isinstance(strict, ast.Constant) and strict.value is False:
        yield Violation(
            where, "xfail that may pass unnoticed", "leave strict out: it is on in pyproject.toml."
        )


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg == name), None)


def all_excuses(paths: Iterable[Path]) -> Iterator[Violation]:
    for path in paths:
        yield from excuses(ast.parse(path.read_text(encoding="utf-8")), path.relative_to(ROOT).as_posix())


@pytest.mark.requirement("MISTAKE-21")
def test_skips_say_why() -> None:
    none_of(all_excuses(files_with_tests()))


@pytest.mark.requirement("MISTAKE-21")
@pytest.mark.parametrize(
    "text",
    [
        "@pytest.mark.skip\ndef test_a(): ...",
        "@pytest.mark.skip()\ndef test_a(): ...",
        "@pytest.mark.skipif(True)\ndef test_a(): ...",
        '@pytest.mark.skipif(True, reason="")\ndef test_a(): ...',
        "@pytest.mark.xfail\ndef test_a(): ...",
        '@pytest.mark.xfail(reason="a bug", strict=False)\ndef test_a(): ...',
        "def test_a():\n    pytest.skip()",
        'def test_a():\n    pytest.skip("")',
        'redis = pytest.importorskip("redis")',
        "pytest.param(1, marks=pytest.mark.skip)",
    ],
)
def test_rule_finds(text: str) -> None:
    assert len(list(excuses(ast.parse(text), "test_a.py"))) == 1


@pytest.mark.parametrize(
    "text",
    [
        '@pytest.mark.skipif(sys.platform == "win32", reason="no signals")\ndef test_a(): ...',
        '@pytest.mark.skip("the server has no such command")\ndef test_a(): ...',
        "def test_a():\n    pytest.skip(server.why_not)",
        'def test_a():\n    pytest.skip(reason=f"{name} is away")',
    ],
)
def test_rule_allows(text: str) -> None:
    none_of(excuses(ast.parse(text), "test_a.py"))
