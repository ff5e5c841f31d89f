import pytest

from fastapi_chassis.config.origins import DEFAULT, Layer, Origin
from fastapi_chassis.config.report import Report
from fastapi_chassis.domain import Finding


def test_findings_come_in_the_order_of_layers_and_lines() -> None:
    report = Report()
    report.add("d", DEFAULT, ("x",))
    report.add("c", Origin(Layer.ENVIRONMENT, "environment variable CHASSIS_A__B"), ("a", "b"))
    report.add("b", Origin(Layer.FILE, "a.yaml", 10), ("b",), "do it")
    report.add("a", Origin(Layer.FILE, "a.yaml", 9), ("a",))
    report.add("a", Origin(Layer.FILE, "a.yaml", 9), ("a",))
    assert report.findings() == (
        Finding("a", "a.yaml:9  a"),
        Finding("b", "a.yaml:10  b", "do it"),
        Finding("c", "environment variable CHASSIS_A__B"),
        Finding("d", "x"),
    )


def test_what_is_spoiled() -> None:
    report = Report()
    assert not report
    report.add("a", None, ("a", "b"))
    assert report
    assert report.is_spoiled(("a", "b", "c"))
    assert not report.is_spoiled(("a",))
    assert report.is_spoiled_below(("a",))
    assert not report.is_spoiled_below(("b",))


@pytest.mark.requirement("CFG-5", "APP-8")
def test_secrets_are_scrubbed_but_words_stay() -> None:
    report = Report(secrets={"swordfish", "secret"})
    report.add("swordfish is no secret", None, ("swordfish",), "use postgresql://u:p@h")
    assert report.findings() == (Finding("*** is no secret", "***", "use postgresql://u:***@h"),)
