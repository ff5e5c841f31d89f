import subprocess
import sys

import pytest
from typer.testing import CliRunner

from fastapi_chassis import __version__
from fastapi_chassis.cli.main import command_line

PRINTING = (
    "messages",
    "routes",
    "migrate",
    "doctor",
    "config show",
    "config check",
    "config schema",
    "dead-letters list",
)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command_line(), list(arguments))
    return result.exit_code, result.output


@pytest.mark.requirement("MISTAKE-20")
@pytest.mark.parametrize("command", ["run", *PRINTING])
def test_every_command_has_help(command: str) -> None:
    code, out = run(*command.split(), "--help")
    assert code == 0
    assert "--profile" in out
    assert "--trace" in out
    assert ("--json" in out) is (command in PRINTING)


@pytest.mark.requirement("MISTAKE-20")
@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("command", PRINTING)
def test_every_command_that_prints_is_written(command: str) -> None:
    code, out = run(*command.split(), "no_such_shop:Shop", "--json")
    assert code == 2
    assert "there is no module no_such_shop" in out


@pytest.mark.requirement("MISTAKE-20")
def test_run_is_written() -> None:
    code, out = run("run", "no_such_shop:Shop")
    assert code == 2
    assert "the application could not start: 1 finding" in out


def test_version() -> None:
    assert run("--version") == (0, f"fastapi-chassis {__version__}\n")


def test_check_and_down_exclude_each_other() -> None:
    code, out = run("migrate", "--check", "--down", "base")
    assert code == 2
    assert "exclude each other" in out


def test_commands_are_imported_when_they_run() -> None:
    code = "import sys, fastapi_chassis.cli.main as m; m.command_line(); print('uvicorn' in sys.modules, "
    code += "'fastapi_chassis.cli.run' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["False", "False"]
