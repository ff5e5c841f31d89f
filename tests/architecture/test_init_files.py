"""The `__init__` of a room says what the room is for, and names what is public: nothing else."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.architecture.house import LIBRARY, ROOM_LIBRARIES
from tests.architecture.source import Source, Violation, exported, library, none_of, plant

DOCSTRING_LINES = 3


def may_guard(source: Source) -> bool:
    """Rooms whose libraries come with an extra say so when the library is missing."""
    return source.room.startswith("plugins.") or source.room in ROOM_LIBRARIES


def is_guard(statement: ast.stmt) -> bool:
    match statement:
        case ast.Try(
            body=body, handlers=[ast.ExceptHandler(type=ast.Name(id="ImportError" | "ModuleNotFoundError"))]
        ):
            return all(isinstance(each, ast.Import | ast.ImportFrom) for each in body)
        case (
            ast.Expr(value=ast.Call(args=arguments))
            | ast.With(items=[ast.withitem(ast.Call(args=arguments))])
        ):
            return all(isinstance(each, ast.Constant) for each in arguments)
        case _:
            return False


def is_expected(statement: ast.stmt, source: Source) -> bool:
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]) | ast.AnnAssign(target=ast.Name(id="__all__")):
            return True
        case ast.Assign(targets=[ast.Name(id="__version__")], value=ast.Constant()):
            return source.module == LIBRARY
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.FunctionDef(name="__getattr__"):
            # the package itself: a name brings its own floor, so that a test of the domain needs no FastAPI
            return source.module == LIBRARY
        case _:
            return may_guard(source) and is_guard(statement)


def order(name: str) -> tuple[int, list[object]]:
    """Constants, then classes, then functions, each in natural order: as ruff sorts (RUF022)."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def crowded(sources: Iterable[Source]) -> Iterator[Violation]:
    for source in sources:
        if not source.is_init or source.is_generated:
            continue
        docstring = ast.get_docstring(source.tree)
        if docstring is None or len(docstring.splitlines()) > DOCSTRING_LINES:
            yield Violation(
                source.at(1),
                f"no docstring of at most {DOCSTRING_LINES} lines",
                "say in one sentence what the room is for; more belongs into docs/.",
            )
        for statement in source.tree.body:
            if not is_expected(statement, source):
                yield Violation(
                    source.at(statement.lineno),
                    "code in an __init__",
                    "give it a file with a name, and import from there.",
                )
        names = [name for name, _ in exported(source)]
        has_imports = any(isinstance(each, ast.ImportFrom) for each in source.tree.body)
        if has_imports and not names:
            yield Violation(source.at(1), "no literal __all__", "list the public names in `__all__ = (...)`.")
        if names != sorted(names, key=order):
            where = next(
                (
                    line
                    for (name, line), wanted in zip(exported(source), sorted(names, key=order), strict=True)
                    if name != wanted
                ),
                1,
            )
            yield Violation(source.at(where), "__all__ isn't sorted", "`make format` sorts it.")
        for name in names:
            if name.startswith("_") and name != "__version__":
                yield Violation(source.at(1), f"__all__ exports {name}", "a public name has no underscore.")


def test_init_files_hold_names_only() -> None:
    none_of(crowded(library()))


GUARD = """
try:
    import redis
except ModuleNotFoundError as error:
    raise MissingExtraError("redis") from error
"""
PLANTED = {
    "no docstring": ("config/__init__.py", "", "no docstring"),
    "long docstring": ("config/__init__.py", '"""a\nb\nc\nd"""', "no docstring of at most 3"),
    "code": ("config/__init__.py", '"""A."""\ndef f(): ...', "code in an __init__"),
    "state": ("config/__init__.py", '"""A."""\nsettings = {}', "code in an __init__"),
    "call": ("config/__init__.py", '"""A."""\nregister("x")', "code in an __init__"),
    "guard outside a plugin": ("config/__init__.py", f'"""A."""\n{GUARD}', "code in an __init__"),
    "no list": (
        "config/__init__.py",
        '"""A."""\nfrom fastapi_chassis.config.a import A',
        "no literal __all__",
    ),
    "computed list": (
        "config/__init__.py",
        '"""A."""\nfrom os import path\n__all__ = dir()',
        "no literal __all__",
    ),
    "unsorted": ("config/__init__.py", '"""A."""\n__all__ = ("load", "RootConfig")', "isn't sorted"),
    "private": ("config/__init__.py", '"""A."""\n__all__ = ("_load",)', "exports _load"),
}


@pytest.mark.parametrize(("file", "text", "message"), PLANTED.values(), ids=PLANTED)
def test_rule_finds(tmp_path: Path, file: str, text: str, message: str) -> None:
    found = [str(each) for each in crowded(plant(tmp_path, {file: text})) if file in each.where]
    assert message in "\n".join(found)


ALLOWED = {
    "names": '"""A."""\nfrom a import B, C, d\n__all__ = ("LIMIT", "Ba", "C", "d")',
    "guard": f'"""A."""\n{GUARD}\nfrom a import B\n__all__ = ["B"]',
    "guard call": '"""A."""\nfrom a import guard\nguard("redis", "redis")\n__all__ = ["guard"]',
}


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED)
def test_rule_allows(tmp_path: Path, text: str) -> None:
    sources = plant(tmp_path, {"plugins/redis/__init__.py": text})
    none_of(each for each in crowded(sources) if "redis" in each.where)


def test_order_is_the_one_of_ruff() -> None:
    names = ["b", "Ab10", "Ab9", "X_Y", "Aa", "MAX", "a2"]
    assert sorted(names, key=order) == ["MAX", "X_Y", "Aa", "Ab9", "Ab10", "a2", "b"]
