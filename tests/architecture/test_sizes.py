"""Files, bodies and parameter lists stay within their limits."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles

import pytest

from tests.architecture.house import (
    BODY_LINES,
    BODY_P95,
    FILE_LINES,
    FILE_MEDIAN,
    FILE_P95,
    INIT_LINES,
    PARAMETERS,
)
from tests.architecture.source import (
    Function,
    Source,
    Violation,
    body_lines,
    library,
    none_of,
    plant,
    service,
)


def line_count(source: Source) -> int:
    return len(source.text.splitlines())


def parameter_count(function: Function) -> int:
    arguments = function.args
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def too_large(sources: Iterable[Source]) -> Iterator[Violation]:
    for source in sources:
        if source.is_generated:
            continue
        if line_count(source) > FILE_LINES:
            yield Violation(
                source.shown,
                f"{line_count(source)} lines, at most {FILE_LINES}",
                "find the second purpose in it and give that a file with its own name.",
            )
        for function in source.functions():
            limit = INIT_LINES if function.name == "__init__" else BODY_LINES
            where = source.at(function.lineno)
            if body_lines(function) > limit:
                yield Violation(
                    where,
                    f"the body of {function.name} has {body_lines(function)} lines, at most {limit}",
                    "name its steps and make them functions; what they share is a value.",
                )
            if parameter_count(function) > PARAMETERS:
                yield Violation(
                    where,
                    f"{function.name} takes {parameter_count(function)} parameters, at most {PARAMETERS}",
                    "put those that travel together into a frozen dataclass.",
                )


def p95(values: Sequence[int]) -> float:
    return quantiles(values, n=20)[-1] if len(values) > 1 else max(values)


def too_heavy(sources: Iterable[Source]) -> Iterator[Violation]:
    """The tree as a whole: a limit for each file doesn't keep them all from reaching it."""
    sources = [source for source in sources if not source.is_generated]
    files = [line_count(source) for source in sources]
    bodies = [body_lines(function) for source in sources for function in source.functions()]
    largest = ", ".join(each.inside for each in sorted(sources, key=line_count, reverse=True)[:5])
    instead = f"split the largest: {largest}."
    if median(files) > FILE_MEDIAN:
        yield Violation(
            "the tree", f"the median file has {median(files):.0f} lines, at most {FILE_MEDIAN}", instead
        )
    if p95(files) > FILE_P95:
        yield Violation("the tree", f"5% of the files have over {FILE_P95} lines", instead)
    if bodies and p95(bodies) > BODY_P95:
        yield Violation(
            "the tree", f"5% of the bodies have over {BODY_P95} lines", "name steps, extract functions."
        )


def test_library_and_service_are_within_limits() -> None:
    none_of(too_large((*library(), *service())))


def test_library_stays_light() -> None:
    none_of(too_heavy(library()))


def lines(count: int, indent: int = 4) -> str:
    return "\n".join(f"{' ' * indent}x = {number}" for number in range(count))


PLANTED = {
    "file": (lines(401, 0), "401 lines"),
    "body": (f"def f():\n{lines(61)}", "the body of f has 61 lines"),
    "async body": (f"async def f():\n{lines(61)}", "the body of f has 61 lines"),
    "init": (
        f"class A:\n    def __init__(self):\n{lines(41, 8)}",
        "the body of __init__ has 41 lines, at most 40",
    ),
    "parameters": ("def f(a, b, c, d, *, e, f, g, h): ...", "8 parameters"),
    "method": ("class A:\n    def f(self, a, b, c, d, e, f, g, h): ...", "8 parameters"),
}


@pytest.mark.parametrize(("text", "message"), PLANTED.values(), ids=PLANTED)
def test_rule_finds(tmp_path: Path, text: str, message: str) -> None:
    assert message in "\n".join(map(str, too_large(plant(tmp_path, {"app/a.py": text}))))


ALLOWED = {
    "file": lines(400, 0),
    "docstring doesn't count": f'def f():\n    """{"a" * 9}\n{lines(50)}\n    """\n{lines(60)}',
    "signature doesn't count": f"def f(\n    a,\n    b,\n):\n{lines(60)}",
    "self doesn't count": "class A:\n    def f(self, a, b, c, d, e, f, g): ...",
}


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED)
def test_rule_allows(tmp_path: Path, text: str) -> None:
    none_of(too_large(plant(tmp_path, {"app/a.py": text})))


def test_heavy_tree_is_found(tmp_path: Path) -> None:
    files = {f"app/{name}.py": f"def f():\n{lines(260)}" for name in "abcdef"}
    found = [each.what for each in too_heavy(plant(tmp_path, files))]
    assert len(found) == 3, found


def test_generated_files_have_no_limit(tmp_path: Path) -> None:
    none_of(too_large(plant(tmp_path, {"plugins/sqlalchemy/migrations/versions/a.py": lines(500, 0)})))
