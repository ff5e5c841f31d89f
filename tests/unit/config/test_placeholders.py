import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fastapi_chassis.config.placeholders import Broken, Placeholder, Shields, Template, closing_braces, parse
from tests.unit.config.project import Project


def description(project: Project, written: str, environ: dict[str, str] | None = None) -> str:
    project.write(f"service:\n  description: {written}\n")
    return project.config(environ).config.service.description


@pytest.mark.requirement("CFG-3", "MISTAKE-15")
@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            "${X:postgresql://u:p@h:5432/db?sslmode=require&a=b}",
            "postgresql://u:p@h:5432/db?sslmode=require&a=b",
        ),
        ("${X:a{b}c}", "a{b}c"),
        (r"${X:a\}b\{c}", "a}b{c"),
        ("${X:$${Y}}", "${Y}"),
        ("${X:a # b: c, [d]}", "a # b: c, [d]"),
        ("${X:}", ""),
        ("'${X:it''s}'", "it's"),
        (r'"${X:say \"hi\"}"', 'say "hi"'),
        (r'"${X:a\nb}"', "a\nb"),
        (r"${X:C:\temp}", r"C:\temp"),
        ("http://${HOST:h}:${PORT:80}/x", "http://h:80/x"),
        ("a ${X:b} c", "a b c"),
        ("$${X} and ${X:b}", "${X} and b"),
        ("'cost: $5'", "cost: $5"),
        ("|\n    line ${X:one}\n    two", "line one\ntwo\n"),
    ],
)
def test_defaults_hold_any_characters(project: Project, written: str, expected: str) -> None:
    assert description(project, written) == expected


@pytest.mark.requirement("CFG-3")
def test_a_value_is_never_expanded_again(project: Project) -> None:
    environ = {"X": "${Y} $${Z}", "Y": "no"}
    assert description(project, "a ${X}", environ) == "a ${Y} $${Z}"
    assert (
        project.config({"CHASSIS_SERVICE__DESCRIPTION": "${Y}", "Y": "no"}).config.service.description
        == "${Y}"
    )


@pytest.mark.requirement("CFG-3", "APP-8")
def test_an_unset_variable_is_a_finding(project: Project) -> None:
    project.write("# first\nservice:\n  description: ${GREETING}\n")
    found = project.finding()
    assert found.where == "application.yaml:3  service.description"
    assert found.what == "GREETING is not set, and the development profile has no default for it"
    assert found.remedy == "set it, or put the file greeting into /run/secrets"


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("${}", "a placeholder is not closed on its line, or is empty"),
        ("a ${X", "a placeholder is not closed on its line, or is empty"),
        ("${1X}", "a placeholder names no variable"),
        ("${X:${Y}}", "the default of a placeholder holds another placeholder"),
    ],
)
def test_broken_placeholders(project: Project, written: str, what: str) -> None:
    project.write(f"service:\n  description: {written}\n")
    found = project.finding()
    assert (found.what, found.where) == (what, "application.yaml:2  service.description")
    assert "${NAME:default}" in found.remedy


def test_comments_may_hold_broken_placeholders(project: Project) -> None:
    assert description(project, "x # ${ or ${1}") == "x"


def test_lines_and_columns_stay_right(project: Project) -> None:
    project.write("a: {b: ${LONG_VARIABLE_NAME:with a default}, c: [1}\n")
    assert project.finding().where == "application.yaml:1:51"


def test_many_unclosed_placeholders_are_read_in_time() -> None:
    source = "${A:" * 100_000
    assert Shields(source).source == source


text_without_breaks = st.text(
    st.characters(
        exclude_categories=("Cs", "Cc", "Co"), exclude_characters="\u2028\u2029\x85\ufeff\ufffe\uffff"
    )
)


@pytest.mark.requirement("CFG-3")
@settings(max_examples=150, deadline=None)
@given(default=text_without_breaks, quote=st.sampled_from(["", "'", '"']))
def test_every_default_survives(default: str, quote: str) -> None:
    assume(not default.endswith("\\") and "\\{" not in default and "\\}" not in default)
    written = default.replace("{", r"\{").replace("}", r"\}")
    if quote == "'":
        written = written.replace("'", "''")
    if quote == '"':
        written = written.replace("\\", "\\\\").replace('"', '\\"')
    with tempfile.TemporaryDirectory() as directory:
        assert description(Project(Path(directory)), f"{quote}${{X:{written}}}{quote}") == default


@settings(max_examples=100, deadline=None)
@given(value=st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",))))
def test_every_value_of_a_variable_survives(value: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        assert description(Project(Path(directory)), "${X}", {"X": value}) == value


def test_parse() -> None:
    assert parse("A") == Placeholder("A")
    assert parse("A:") == Placeholder("A", "")
    assert str(Placeholder("A", "b")) == "${A}"
    assert isinstance(parse("a b"), Broken)


def test_whole() -> None:
    assert Template((Placeholder("A"),)).whole == Placeholder("A")
    assert Template(("x", Placeholder("A"))).whole is None


def test_closing_braces() -> None:
    assert closing_braces(r"{a{b}\}}") == {0: 7, 2: 4}
    assert closing_braces("{\n}") == {}
