"""An application that can't be had ends in one report and exit code 2, through the real command line."""

import pytest

from tests.integration.cli.folder import Folder


@pytest.mark.requirement("APP-8")
@pytest.mark.parametrize("command", [("run",), ("doctor",), ("config", "check")], ids=" ".join)
def test_unknown_module(folder: Folder, command: tuple[str, ...]) -> None:
    report = folder.chassis(*command, "store:Store").report
    assert "there is no module store" in report


def test_unknown_class_names_the_known(folder: Folder) -> None:
    report = folder.chassis("run", "shop:Shopp").report
    assert "shop:Shopp is no application" in report
    assert "there is shop:Shop" in report


def test_no_target_at_all(folder: Folder) -> None:
    (folder.path / "pyproject.toml").unlink()
    assert "[tool.chassis] in pyproject.toml" in folder.chassis("run").report


def test_unreadable_project_file(folder: Folder) -> None:
    folder.write("pyproject.toml", "[tool.chassis\n")
    report = folder.chassis("run").report
    assert "pyproject.toml" in report
    assert "line 1" in report


def test_source_that_is_no_python(folder: Folder) -> None:
    folder.write("shop.py", "def x(:\n")
    report = folder.chassis("run").report
    assert "shop.py:1" in report
    assert "SyntaxError" in report


def test_source_that_fails_to_import(folder: Folder) -> None:
    folder.append("print(undefined)\n")
    report = folder.chassis("run").report
    assert "name 'undefined' is not defined" in report
    assert "shop.py:" in report


def test_import_of_what_is_not_installed(folder: Folder) -> None:
    folder.append("import no_such_library\n")
    report = folder.chassis("run").report
    assert "shop can't be imported: no_such_library is not installed" in report
    assert "shop.py:" in report


@pytest.mark.requirement("APP-8")
def test_trace_shows_the_stack(folder: Folder) -> None:
    folder.append("print(undefined)\n")
    done = folder.chassis("run", "--trace")
    assert done.code == 2
    assert "Traceback" in done.err
    assert "NameError" in done.err


@pytest.mark.requirement("APP-8")
def test_report_for_programs(folder: Folder) -> None:
    done = folder.chassis("routes", "store:Store", "--json")
    assert done.code == 2
    assert done.json["findings"][0]["what"].startswith("there is no module store")
    assert not done.err
