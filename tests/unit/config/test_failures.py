import json

import pytest

from fastapi_chassis.config import ConfigurationError, as_json, render_report
from fastapi_chassis.domain import ChassisError, Finding

FINDINGS = (
    Finding(
        "unknown key", "application.yaml:7  plugins.kafka.boostrap_servers", "Did you mean bootstrap_servers?"
    ),
    Finding(
        "CreateItem has two handlers: items.handlers.create_item, legacy.handlers.create",
        remedy="keep one, or send another command",
    ),
    Finding("out of range", "here", "set port: 1"),
)

PRINTED = """\
shop could not start: 3 findings

1  application.yaml:7  plugins.kafka.boostrap_servers
   unknown key. Did you mean bootstrap_servers?
2  CreateItem has two handlers: items.handlers.create_item, legacy.handlers.create
   keep one, or send another command.
3  here
   out of range
   set port: 1.

exit 2 · chassis doctor looks at the environment"""


@pytest.mark.requirement("APP-8")
def test_the_report() -> None:
    hint = "exit 2 · chassis doctor looks at the environment"
    assert render_report("shop could not start", FINDINGS, hint=hint) == PRINTED


def test_one_finding() -> None:
    assert render_report("x", [Finding("a")]) == "x: 1 finding\n\n1  a"


def test_long_texts_fit_100_columns() -> None:
    report = render_report("x", [Finding("word " * 60, "where", "remedy " * 30)] * 12)
    assert max(len(line) for line in report.splitlines()) <= 100
    assert "\n12  where\n    word" in report


def test_control_characters_are_written_out() -> None:
    report = render_report("x", [Finding("a\x1b[31mred\nline", "b\x00", "c")])
    assert "a\\x1b[31mred  line\n   c." in report
    assert "b\\x00" in report


def test_json() -> None:
    made = json.loads(as_json("shop", FINDINGS, hint="h"))
    assert made["findings"][0] == {
        "what": "unknown key",
        "where": "application.yaml:7  plugins.kafka.boostrap_servers",
        "remedy": "Did you mean bootstrap_servers?",
    }
    assert (made["title"], made["hint"], len(made["findings"])) == ("shop", "h", 3)


def test_the_error_is_one_of_the_operators() -> None:
    assert issubclass(ConfigurationError, ChassisError)
    assert ConfigurationError(*FINDINGS).findings == FINDINGS
