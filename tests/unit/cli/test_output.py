import json
import sys
from pathlib import Path

import pytest
import typer

from fastapi_chassis.cli.output import (
    as_rows,
    is_terminal,
    print_findings,
    print_json,
    print_table,
    reported,
    unexpected,
)
from fastapi_chassis.domain import ChassisError, Finding

ONE = Finding("it is wrong", "here", "put it right.")


def test_table_has_a_head_and_aligned_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([{"name": "a", "value": "1"}, {"name": "long", "value": ""}])
    assert capsys.readouterr().out == "name  value\na     1\nlong\n"


def test_no_rows_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([])
    assert not capsys.readouterr().out


def test_table_fits_and_the_named_column_gives_way(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([{"a": "x" * 40, "b": "y" * 90, "c": "z" * 40}], cut="b")
    line = capsys.readouterr().out.splitlines()[1]
    assert len(line) == 100
    assert line.startswith("x" * 40)
    assert line.endswith("y…  " + "z" * 40)


def test_table_cuts_the_widest_where_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([{"a": "x" * 120, "b": "y" * 20}])
    line = capsys.readouterr().out.splitlines()[1]
    assert len(line) == 100
    assert line.endswith("…  " + "y" * 20)


def test_json_keeps_letters_and_writes_the_unknown_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": "Łódź", "path": Path("a")})
    out = capsys.readouterr().out
    assert json.loads(out) == {"name": "Łódź", "path": "a"}
    assert "Łódź" in out


def test_nothing_found_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    print_findings("shop", [], as_json=False)
    assert capsys.readouterr().out == "shop: well\n"


@pytest.mark.parametrize("as_json", [False, True])
def test_something_found_ends_with_one(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    with pytest.raises(typer.Exit) as ended:
        print_findings("shop", [ONE], as_json=as_json)
    assert ended.value.exit_code == 1
    out = capsys.readouterr().out
    assert "it is wrong" in out
    if as_json:
        assert json.loads(out) == {"title": "shop", "findings": as_rows([ONE])}


def test_operators_error_is_one_report(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, reported("shop could not start", hint="ask the doctor"):
        raise ChassisError(ONE, ONE)
    assert ended.value.exit_code == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("shop could not start: 2 findings\n\n1  here\n")
    assert printed.err.endswith("\nask the doctor\n")
    assert not printed.out


def test_trace_shows_the_stack_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), reported("shop could not start", trace=True):
        raise ChassisError(ONE)
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "1 finding" in err


def test_report_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), reported("shop could not start", as_json=True):
        raise ChassisError(ONE)
    printed = capsys.readouterr()
    assert json.loads(printed.out)["findings"] == [
        {"what": "it is wrong", "where": "here", "remedy": "put it right."}
    ]
    assert not printed.err


@pytest.mark.parametrize("passing", [typer.Exit(1), typer.BadParameter("no"), KeyboardInterrupt()])
def test_ends_that_were_meant_pass(passing: BaseException) -> None:
    with pytest.raises(type(passing)), reported("shop could not start"):
        raise passing


def test_unforeseen_failure_names_the_place_and_no_password() -> None:
    with pytest.raises(ValueError) as caught:
        raise ValueError("postgresql://shop:hunter22@db/shop\nis away")
    found = unexpected(caught.value)
    assert found.what == "ValueError: postgresql://shop:***@db/shop is away"
    assert "test_output.py:" in found.where


def test_unforeseen_failure_without_text() -> None:
    with pytest.raises(ValueError) as caught:
        raise ValueError
    assert unexpected(caught.value).what == "ValueError"


def test_wrong_syntax_names_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SyntaxError) as caught:
        compile("\ndef x(:", str(tmp_path / "shop.py"), "exec")
    assert unexpected(caught.value).where == "shop.py:2"


@pytest.mark.parametrize(("no_color", "expected"), [("", True), ("1", False)])
def test_terminal(monkeypatch: pytest.MonkeyPatch, no_color: str, expected: bool) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", no_color)
    assert is_terminal() is expected
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False, raising=False)
    assert is_terminal() is False
