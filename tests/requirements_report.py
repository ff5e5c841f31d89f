"""Prints each requirement with the tests that prove it: the tool behind `make requirements`."""

import argparse
import ast
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROWS = "docs/reference/requirements.md"
PLACES = ("tests", "service/tests", "src/fastapi_chassis/testing/contracts")
ROW = re.compile(r"^\| ([A-Z]+-\d+) \| (.+) \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Proof:
    row: str
    test: str


def read_rows(root: Path = ROOT) -> dict[str, str]:
    """Row -> its line, in the order of the page."""
    found = ROW.findall((root / ROWS).read_text(encoding="utf-8"))
    rows = dict(found)
    if len(rows) != len(found):
        raise SystemExit(f"{ROWS}: a row stands there twice")
    return rows


def rows_marked(node: ast.AST) -> Iterator[str]:
    """The rows of each `pytest.mark.requirement("A-1", "B-2")` inside the node."""
    for each in ast.walk(node):
        match each:
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Attribute(attr="mark") | ast.Name(id="mark"), attr="requirement"
                ),
                args=arguments,
            ):
                yield from (str(row.value) for row in arguments if isinstance(row, ast.Constant))


def marks_of(body: Sequence[ast.stmt], inherited: tuple[str, ...], name: str) -> Iterator[Proof]:
    inherited = (*inherited, *(row for each in body if is_pytestmark(each) for row in rows_marked(each)))
    for each in body:
        match each:
            case ast.ClassDef(decorator_list=decorators, bases=bases):
                rows = (*inherited, *(row for decorator in decorators for row in rows_marked(decorator)))
                own = list(marks_of(each.body, rows, f"{name}::{each.name}"))
                yield from own
                if bases and not own and each.name.startswith("Test"):
                    # the tests are those of a contract suite that the class inherits
                    yield from (Proof(row, f"{name}::{each.name}") for row in dict.fromkeys(rows))
            case ast.FunctionDef(decorator_list=decorators) | ast.AsyncFunctionDef(decorator_list=decorators):
                if each.name.startswith("test"):
                    own = (row for decorator in decorators for row in rows_marked(decorator))
                    yield from (
                        Proof(row, f"{name}::{each.name}") for row in dict.fromkeys((*inherited, *own))
                    )


def is_pytestmark(statement: ast.stmt) -> bool:
    match statement:
        case (
            ast.Assign(targets=[ast.Name(id="pytestmark")]) | ast.AnnAssign(target=ast.Name(id="pytestmark"))
        ):
            return True
    return False


def read_proofs(root: Path = ROOT) -> list[Proof]:
    proofs: list[Proof] = []
    for path in sorted(path for place in PLACES for path in (root / place).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        proofs += marks_of(tree.body, (), path.relative_to(root).as_posix())
    return proofs


def wanted_rows(words: Sequence[str], rows: Sequence[str], root: Path = ROOT) -> list[str]:
    """A word is a row (`CFG-3`), an area (`CFG`), or a file that lists such words."""
    wanted: list[str] = []
    for word in words:
        if (path := root / word).is_file():
            lines = path.read_text(encoding="utf-8").splitlines()
            listed = [each for line in lines for each in line.partition("#")[0].split()]
            wanted += wanted_rows(listed, rows, root)
        elif found := [row for row in rows if word in {row, row.partition("-")[0]}]:
            wanted += found
        else:
            raise SystemExit(f"{word} is no row, area or file; the rows stand in {ROWS}")
    return wanted


def print_text(rows: dict[str, str], tests: dict[str, list[str]]) -> None:
    areas: dict[str, list[str]] = {}
    for row, line in rows.items():
        areas.setdefault(row.partition("-")[0], []).append(row)
        print(f"{row:<11} {line}")
        for test in tests[row] or ["-- no test --"]:
            print(f"{'':<11}   {test}")
    print("\narea      rows  proven  without a test")
    for area, members in areas.items():
        bare = [row.partition("-")[2] for row in members if not tests[row]]
        print(f"{area:<8} {len(members):>5} {len(members) - len(bare):>7}  {' '.join(bare)}")
    proven = sum(bool(tests[row]) for row in rows)
    print(f"{'all':<8} {len(rows):>5} {proven:>7}")


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print {row: {text, tests}}")
    parser.add_argument(
        "--require", nargs="+", default=[], metavar="ROW|AREA|FILE", help="exit 1 if one has no test"
    )
    options = parser.parse_args(arguments)
    rows, proofs = read_rows(root), read_proofs(root)
    tests = {row: [proof.test for proof in proofs if proof.row == row] for row in rows}
    if options.json:
        print(json.dumps({row: {"text": rows[row], "tests": tests[row]} for row in rows}, indent=2))
    else:
        print_text(rows, tests)
    unknown = [
        f"{proof.test} names {proof.row}, which is no row of {ROWS}"
        for proof in proofs
        if proof.row not in rows
    ]
    bare = [row for row in wanted_rows(options.require, list(rows), root) if not tests[row]]
    if bare:
        unknown.append(f"{len(bare)} required rows have no test: {' '.join(bare)}")
    print(*unknown, sep="\n", end="\n" if unknown else "", file=sys.stderr)
    return 1 if unknown else 0


if __name__ == "__main__":
    raise SystemExit(main())
