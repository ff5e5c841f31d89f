"""The table of the contract suites, suites by stores: printed after a run, and kept as a page of the docs."""

import argparse
import importlib
import inspect
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from fastapi_chassis.testing.contracts.harness import SEVERAL

ROOT = Path(__file__).parents[1]
PAGE = "docs/reference/contract-table.md"
REWRITE = "./scripts/uv.sh run python -m tests.contract_table --write"
STORES = ("memory", "SQLite", "PostgreSQL", "MongoDB", "Redis")
SUITES = "fastapi_chassis.testing.contracts"
HOLDS, REFUSES, NOT_RUN = "holds", "refuses", "-"
INTRODUCTION = f"""# The contract of the stores

What every store must do, and by which test: a row is a test of `{SUITES}`.
Each column is a server that the tests run against: PostgreSQL, FerretDB over DocumentDB for MongoDB,
Valkey for Redis. `{HOLDS}`: the test runs there. `{REFUSES}`: the server has no transactions, so what would
write a second entity in one commit is refused before anything is written, and the same test asserts that.
`{NOT_RUN}`: the store has no such part, or no server that could be restarted. The suites run on a replica set
of MongoDB as well, where Docker or `CHASSIS_TEST_MONGODB_URL` gives one; they are skipped elsewhere.

`{REWRITE}` writes the table from the
test classes themselves, and a test fails when it no longer agrees with them. How many cases passed is
printed at the end of every run of `tests/contracts`, and one that fails fails the build.
"""


@dataclass(frozen=True, slots=True)
class Cell:
    """A test of a suite on a store.

    Args:
        suite: the class that holds the test.
        test: the function.
        store: one of STORES.
        state: HOLDS or REFUSES.
    """

    suite: str
    test: str
    store: str
    state: str


def cells_of(kind: type) -> Iterator[Cell]:
    """The tests that a test class inherits from the suites; none where it names no store."""
    store = getattr(kind, "contract_store", None)
    if store is None:
        return
    for name in dir(kind):
        suite = suite_of(kind, name)
        if name.startswith("test") and suite is not None:
            refuses = getattr(kind, "takes_one_aggregate", False) and hasattr(getattr(kind, name), SEVERAL)
            yield Cell(suite, name, store, REFUSES if refuses else HOLDS)


def suite_of(kind: type, test: str) -> str | None:
    """The suite that defines a test."""
    defined = (each for each in kind.__mro__ if test in vars(each) and each.__module__.startswith(SUITES))
    return next((each.__name__ for each in defined), None)


def collected() -> list[Cell]:
    """The tests of every class in tests/contracts."""
    files = sorted((ROOT / "tests/contracts").glob("test_*.py"))
    modules = [importlib.import_module(f"tests.contracts.{file.stem}") for file in files]
    kinds = [
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__ and kind.__name__.startswith("Test")
    ]
    return [cell for kind in kinds for cell in cells_of(kind)]


def page(cells: Iterable[Cell]) -> str:
    """The page that holds them."""
    rows: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for cell in cells:
        rows[cell.suite][cell.test][cell.store] = cell.state
    lines = [INTRODUCTION]
    for suite in sorted(rows):
        lines += [f"## {in_words(suite)}", "", table_row(("", *STORES)), table_row(["---"] * 6)]
        for test, states in sorted(rows[suite].items()):
            lines.append(table_row((in_words(test), *(states.get(store, NOT_RUN) for store in STORES))))
        lines.append("")
    return "\n".join(lines)


def table_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def in_words(name: str) -> str:
    """RepositoryReadsContract -> Repository reads; test_text_is_kept -> text is kept."""
    if name.startswith("test_"):
        return name.removeprefix("test_").replace("_", " ")
    letters = [f" {one.lower()}" if one.isupper() else one for one in name.removesuffix("Contract")]
    return "".join(letters).strip().capitalize()


class ContractResults:
    """Counts the outcomes of a run by suite and store, and prints them at its end."""

    def __init__(self) -> None:
        self.outcomes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)

    def pytest_collection_modifyitems(self, items: Sequence[pytest.Item]) -> None:
        for item in items:
            kind, test = getattr(item, "cls", None), getattr(item, "originalname", "")
            store = getattr(kind, "contract_store", None)
            suite = suite_of(kind, test) if store is not None else None
            if suite is not None:
                item.user_properties.append(("contract", [suite, store]))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            for name, value in report.user_properties:
                if name == "contract":
                    suite, store = value
                    self.outcomes[suite, store][report.outcome] += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.outcomes:
            terminalreporter.section("contracts: cases that passed, by store")
            for line in self.lines():
                terminalreporter.line(line)

    def lines(self) -> Iterator[str]:
        suites = sorted({suite for suite, _ in self.outcomes})
        yield f"{'':34}" + "".join(f"{store:>12}" for store in STORES)
        for suite in suites:
            shown = (told(self.outcomes.get((suite, store))) for store in STORES)
            yield f"{in_words(suite):34}" + "".join(f"{each:>12}" for each in shown)


def told(outcomes: Counter[str] | None) -> str:
    """What a cell says: how many passed, and whatever did not."""
    if not outcomes:
        return NOT_RUN
    words = [str(outcomes["passed"])]
    words += [f"{outcomes[each]} {each}" for each in ("failed", "skipped") if outcomes[each]]
    return ", ".join(words)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.contract_table", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE} anew")
    text = page(collected())
    if parser.parse_args().write:
        (ROOT / PAGE).write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
