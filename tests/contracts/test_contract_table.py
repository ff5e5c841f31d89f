"""The page of the contract suites tells what the test classes hold, on every store."""

from collections import Counter

import pytest

from fastapi_chassis.testing.contracts.repository import RepositoryContract
from tests.contract_table import (
    PAGE,
    REFUSES,
    REWRITE,
    ROOT,
    STORES,
    ContractResults,
    cells_of,
    collected,
    in_words,
    page,
    told,
)
from tests.contracts.odm_store import OnFerret


@pytest.mark.requirement("TST-1", "REP-1")
def test_the_page_tells_what_is_collected() -> None:
    shown = (ROOT / PAGE).read_text(encoding="utf-8")
    assert shown == page(collected()), f"write it anew: {REWRITE}"


@pytest.mark.requirement("TST-1", "REP-1")
def test_every_repository_test_runs_on_every_store() -> None:
    wanted = {name for name in dir(RepositoryContract) if name.startswith("test_")}
    run = {(cell.test, cell.store) for cell in collected() if cell.suite.startswith("Repository")}
    assert not {(test, store) for test in wanted for store in STORES} - run


def test_what_takes_several_is_refused_where_a_commit_takes_one() -> None:
    class TestOnFerret(OnFerret, RepositoryContract):
        pass

    states = {cell.test: cell.state for cell in cells_of(TestOnFerret)}
    assert REFUSES in states.values()
    assert len(set(states.values())) == 2


def test_results_are_counted_by_suite_and_store() -> None:
    results = ContractResults()
    for outcome in ("passed", "passed", "failed"):
        results.pytest_runtest_logreport(
            pytest.TestReport(
                "a", ("a", 0, "a"), {}, outcome, None, "call",  # type: ignore[arg-type]  # a plain text
                user_properties=[("contract", ["RepositoryReadsContract", "Redis"])],
            )
        )  # fmt: skip
    _, line = results.lines()
    assert line.split() == ["Repository", "reads", "-", "-", "-", "-", "2,", "1", "failed"]
    assert told(Counter(skipped=3)) == "0, 3 skipped"


def test_names_are_read_as_words() -> None:
    assert in_words("UnitOfWorkEventsContract") == "Unit of work events"
    assert in_words("test_text_is_an_identity") == "text is an identity"
