import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastapi_chassis.config.origins import Layer, Origin
from fastapi_chassis.config.report import Report
from fastapi_chassis.config.tree import Branch, Items, Leaf, Style
from fastapi_chassis.config.unreadable import UnreadableError
from fastapi_chassis.config.yaml_source import read_value, read_yaml
from tests.unit.config.project import Project

HERE = Origin(Layer.ENVIRONMENT, "environment variable X")


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "~", "{}"])
def test_nothing_is_no_sections(text: str) -> None:
    assert read_yaml(text, "a.yaml", Layer.FILE, Report()).entries == {}


@pytest.mark.requirement("CFG-1", "APP-8")
@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("- a", "application.yaml:1", "the file holds no sections"),
        ("shop", "application.yaml:1", "the file holds no sections"),
        ("a: 1\n\tb: 2\n", "application.yaml:2:1", "a tab stands where YAML wants spaces"),
        ("a: 1\nb: \x07\n", "application.yaml:2", "the file holds a control character"),
        ("a: \ue000", "application.yaml", "the file holds characters of the private use area"),
        ("a: [1\nb: 2", "application.yaml:2:2", "the list [ that begins in line 1 is not closed"),
    ],
)
def test_what_is_no_configuration(project: Project, text: str, where: str, what: str) -> None:
    project.write(text)
    found = project.finding()
    assert (found.where, found.what) == (where, what)
    assert found.remedy


def test_a_huge_file_is_refused(project: Project) -> None:
    project.write("a: " + "x" * 1024 * 1024)
    assert project.finding().what == "the file is larger than 1024 KiB"


def test_values_that_write_out_structures() -> None:
    assert read_value('["a\\u00e9", 1.50, null]', HERE) == Items(
        (Leaf("aé", HERE, Style.QUOTED), Leaf("1.5", HERE, Style.PLAIN), Leaf("null", HERE, Style.PLAIN)),
        HERE,
    )
    assert isinstance(read_value("{a: [b, c]}", HERE), Branch)
    for text in ("a", "", "[a", "{a: 1, a: 2}", "[${X", "[!x 1]"):
        found = read_value(text, HERE)
        assert found is None, text


def test_placeholders_in_values_stay() -> None:
    found = read_value("[a, '${X}']", HERE)
    assert isinstance(found, Items)
    assert [item.value for item in found.items if isinstance(item, Leaf)] == ["a", "${X}"]


def test_reading_is_strict_about_the_rest(project: Project) -> None:
    with pytest.raises(UnreadableError, match="quoted text"):
        read_yaml("a: 'x", "a.yaml", Layer.FILE, Report())


PIECES = ["${", "$${", "a: ", "\n  ", "service", "plugins", *"ab:{}[]$,\n -&*!|>'\"#?%@\\~<1.\t"]
yaml_like = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@settings(max_examples=400, deadline=None)
@given(text=yaml_like)
def test_whatever_the_file_holds_ends_in_a_configuration_or_in_findings(text: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        project = Project(Path(directory))
        project.write(text)
        for finding in project.findings():
            assert finding.what
            assert finding.where


@settings(max_examples=200, deadline=None)
@given(text=yaml_like)
def test_whatever_a_variable_holds(text: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        environ = {"CHASSIS_API": text, "CHASSIS_PLUGINS__REDIS": text, "CHASSIS_SERVER__PORT": text}
        project = Project(Path(directory))
        project.write(text, ".env")
        assert all(finding.what and finding.where for finding in project.findings(environ))
