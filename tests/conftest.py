"""What holds for every test: known requirement marks, and skips that hide nothing."""

import os
from collections.abc import Generator, Iterable

import pytest

from tests.contract_table import ContractResults
from tests.requirements_report import ROWS, read_rows


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-public-api", action="store_true", help="write tests/architecture/public_api.txt anew"
    )


def pytest_configure(config: pytest.Config) -> None:
    # Registered as objects, so that they see the tests of the service too.
    config.pluginmanager.register(RequirementMarks(read_rows()), "requirement-marks")
    config.pluginmanager.register(ContractResults(), "contract-results")
    if os.environ.get("CHASSIS_REQUIRE_BACKENDS") == "1":
        config.pluginmanager.register(NoHiddenFailures(), "no-hidden-failures")


class RequirementMarks:
    """A mark that names an unknown row fails the collection of its file."""

    def __init__(self, rows: Iterable[str]) -> None:
        self._rows = frozenset(rows)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        faults = [fault for node in report.result or [] for fault in self._faults(node)]
        if faults:
            report.outcome = "failed"
            report.longrepr = "\n".join(faults)
            report.result = []
        return report

    def _faults(self, node: pytest.Item | pytest.Collector) -> list[str]:
        faults = []
        for mark in node.iter_markers("requirement"):
            if not mark.args:
                faults.append(f"{node.nodeid}: a requirement mark names its rows")
            faults += [
                f"{node.nodeid}: {row!r} is no row of {ROWS}" for row in mark.args if row not in self._rows
            ]
        return faults


ONLY_IN_CONTAINERS = "no MongoDB replica set"  # the one backend that can't be had without an engine for them


class NoHiddenFailures:
    """Makes a skip at run time a failure; the condition of a `skipif` mark stands in the open, may skip.

    Where a test needs a backend, no condition may: it would lose that silently.
    """

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        return as_failure((yield))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if hasattr(report, "wasxfail") or (
            item.get_closest_marker("skipif") and not self._loses(item, report)
        ):
            return report
        return as_failure(report)

    def _loses(self, item: pytest.Item, report: pytest.TestReport) -> bool:
        told = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        return item.get_closest_marker("backends") is not None and ONLY_IN_CONTAINERS not in told


def as_failure[Report: (pytest.CollectReport, pytest.TestReport)](report: Report) -> Report:
    if report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason}\nA skip is a failure here, because CHASSIS_REQUIRE_BACKENDS=1."
    return report
