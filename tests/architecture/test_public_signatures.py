"""Public signatures tell their types, and what the type checker is told to overlook has a reason."""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.architecture.source import (
    Function,
    Source,
    Violation,
    library,
    none_of,
    plant,
    public_definitions,
    service,
)

IGNORE = re.compile(r"#\s*(type|pyright):\s*ignore(?P<code>\[[\w\-, ]+\])?(?P<rest>.*)")


def is_public(name: str) -> bool:
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))


def annotations(function: Function) -> Iterator[ast.expr]:
    arguments = function.args
    several = [each for each in (arguments.vararg, arguments.kwarg) if each]
    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *several):
        if each.annotation:
            yield each.annotation
    if function.returns:
        yield function.returns


def public_annotations(definition: ast.AST) -> Iterator[ast.expr]:
    match definition:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from annotations(definition)
        case ast.TypeAlias(value=value):
            yield value
        case ast.ClassDef(body=body):
            for each in body:
                match each:
                    case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if is_public(name):
                        yield from annotations(each)
                    case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation) if is_public(name):
                        yield annotation


def says_any(annotation: ast.AST) -> bool:
    for node in ast.walk(annotation):
        match node:
            case ast.Name(id="Any") | ast.Attribute(attr="Any"):
                return True
            case ast.Constant(value=str(text)) if re.search(r"\bAny\b", text):
                return True
    return False


def untold_types(sources: Iterable[Source]) -> Iterator[Violation]:
    for source, name, definition in public_definitions(sources):
        for annotation in public_annotations(definition):
            if says_any(annotation):
                yield Violation(
                    source.at(annotation.lineno),
                    f"Any in the public signature of {name}",
                    "say `object` if nothing is known of it, a Protocol if something is, a type parameter.",
                )


def silent_ignores(sources: Iterable[Source]) -> Iterator[Violation]:
    for source in sources:
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            found = IGNORE.search(token.string) if token.type == tokenize.COMMENT else None
            if found and not (found["code"] and re.search(r"\w{3,}", found["rest"])):
                yield Violation(
                    source.at(token.start[0]),
                    f"`{found[0].strip()}` doesn't say what it hides, or why",
                    "`# type: ignore[code]  # the reason`, or make it unnecessary.",
                )


def test_public_signatures_tell_their_types() -> None:
    none_of(untold_types(library()))


def test_ignores_have_code_and_reason() -> None:
    none_of(silent_ignores((*library(), *service())))


ROOM = 'from fastapi_chassis.config.a import A\n__all__ = ["A"]'


@pytest.mark.parametrize(
    "text",
    [
        "def A(x: Any): ...",
        "async def A() -> dict[str, Any]: ...",
        "def A(*x: Any): ...",
        "def A(**x: typing.Any): ...",
        'def A(x: "list[Any]"): ...',
        "class A:\n    def f(self, x: Any): ...",
        "class A:\n    def __init__(self, x: Any): ...",
        "class A:\n    x: Any",
        "type A = dict[str, Any]",
    ],
)
def test_any_is_found(tmp_path: Path, text: str) -> None:
    assert len(list(untold_types(plant(tmp_path, {"config/__init__.py": ROOM, "config/a.py": text})))) == 1


@pytest.mark.parametrize("text", ["class A:\n    def _f(self, x: Any): ...", "def A(x: object): y: Any = x"])
def test_any_inside_is_allowed(tmp_path: Path, text: str) -> None:
    none_of(untold_types(plant(tmp_path, {"config/__init__.py": ROOM, "config/a.py": text})))


@pytest.mark.parametrize(
    ("comment", "count"),
    [
        ("# type: ignore", 1),
        ("# type: ignore[arg-type]", 1),
        ("# type: ignore  # a stub is missing", 1),
        ("# pyright: ignore[reportAny]", 1),
        ("# type: ignore[arg-type]  # a stub is missing", 0),
        ("# pyright: ignore[reportAny] a stub is missing", 0),
    ],
)
def test_silent_ignore_is_found(tmp_path: Path, comment: str, count: int) -> None:
    sources = plant(tmp_path, {"config/a.py": f'x = 1  {comment}\ny = "# type: ignore"\n'})
    assert len(list(silent_ignores(sources))) == count
