"""Reads a source tree once, and answers what its files import and define."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.house import FLOORS, GENERATED, LIBRARY

ROOT = Path(__file__).parents[2]

type Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Violation:
    where: str
    what: str
    instead: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}\n    instead: {self.instead}"


@dataclass(frozen=True, slots=True)
class Import:
    line: int
    module: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    shown: str
    inside: str
    module: str
    text: str
    tree: ast.Module

    @property
    def is_init(self) -> bool:
        return self.shown.endswith("__init__.py")

    @property
    def stem(self) -> str:
        return self.inside.rsplit("/", 1)[-1].removesuffix(".py")

    @property
    def room(self) -> str:
        return room_of(self.module)

    @property
    def is_generated(self) -> bool:
        return any(folder in self.inside for folder in GENERATED)

    def at(self, line: int) -> str:
        return f"{self.shown}:{line}"

    def imports(self) -> Iterator[Import]:
        """Every import, also inside functions and `if TYPE_CHECKING`: neither hides an arrow."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(node.lineno, alias.name)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield Import(node.lineno, "." * node.level + (node.module or ""), alias.name)

    def functions(self) -> Iterator[Function]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def classes(self) -> Iterator[ast.ClassDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ClassDef):
                yield node


def room_of(module: str) -> str:
    """`fastapi_chassis.plugins.redis.cache` lies in the room `plugins.redis`."""
    parts = module.split(".")
    if len(parts) == 1:
        return parts[0]
    return ".".join(parts[1:3]) if parts[1] == "plugins" else parts[1]


def floor_of(room: str) -> int | None:
    return FLOORS.get(room.split(".", maxsplit=1)[0])


def read_tree(package: Path, root: Path) -> tuple[Source, ...]:
    sources = []
    for path in sorted(package.rglob("*.py")):
        inside = path.relative_to(package).as_posix()
        if "/templates/" in f"/{inside}":
            continue
        dotted = path.relative_to(package.parent).with_suffix("").as_posix().replace("/", ".")
        text = path.read_text(encoding="utf-8")
        shown = path.relative_to(root).as_posix()
        sources.append(Source(shown, inside, dotted.removesuffix(".__init__"), text, ast.parse(text, shown)))
    return tuple(sources)


@cache
def library() -> tuple[Source, ...]:
    return read_tree(ROOT / "src" / LIBRARY, ROOT)


@cache
def service() -> tuple[Source, ...]:
    return read_tree(ROOT / "service" / "bookshop", ROOT)


def plant(root: Path, files: Mapping[str, str]) -> tuple[Source, ...]:
    """Writes a small library below `root`, so that a rule can be shown a violation."""
    package = root / "src" / LIBRARY
    for name, text in {"__init__.py": "", **files}.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        for folder in path.relative_to(package).parents:
            (package / folder / "__init__.py").touch()
    return read_tree(package, root)


def none_of(violations: Iterable[Violation]) -> None:
    """Fails with every violation and what to do about it."""
    found = sorted(violations, key=lambda each: each.where)
    if found:
        listed = "\n".join(map(str, found))
        pytest.fail(f"{len(found)} places break a rule of the house\n{listed}", pytrace=False)


def body_lines(function: Function) -> int:
    """Lines after signature and docstring."""
    body = function.body
    first = 1 if ast.get_docstring(function, clean=False) is not None else 0
    if len(body) == first:
        return 0
    return (function.end_lineno or body[-1].lineno) - body[first].lineno + 1


def has_logic(function: Function) -> bool:
    """Whether there is more in it than a docstring, `...`, `pass` or a raised NotImplementedError."""
    for statement in function.body:
        match statement:
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                continue
            case ast.Raise(exc=ast.Name(id="NotImplementedError")):
                continue
            case ast.Raise(exc=ast.Call(func=ast.Name(id="NotImplementedError"))):
                continue
            case _:
                return True
    return False


def exported(source: Source) -> list[tuple[str, int]]:
    """The names of `__all__` with their lines."""
    for node in source.tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List() | ast.Tuple() as value):
                break
            case ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.List() | ast.Tuple() as value):
                break
    else:
        return []
    return [
        (each.value, each.lineno)
        for each in value.elts
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]


def public_definitions(sources: Iterable[Source]) -> Iterator[tuple[Source, str, ast.AST]]:
    """Follows each name of each `__all__` to the class, function or assignment that defines it."""
    by_module = {source.module: source for source in sources}
    seen = set()
    for package in by_module.values():
        for name, _ in exported(package):
            home, definition = _definition(by_module, package, name)
            if home is not None and definition is not None and (home.module, name) not in seen:
                seen.add((home.module, name))
                yield home, name, definition


def _definition(
    by_module: Mapping[str, Source], source: Source, name: str, depth: int = 5
) -> tuple[Source | None, ast.AST | None]:
    for node in source.tree.body:
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef() if node.name == name:
                if not any(ast.unparse(one) == "overload" for one in node.decorator_list):
                    return source, node
            case ast.TypeAlias(name=ast.Name(id=found)) if found == name:
                return source, node
            case ast.ImportFrom(module=str(module)) if depth and module in by_module:
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        return _definition(by_module, by_module[module], alias.name, depth - 1)
    return None, None
