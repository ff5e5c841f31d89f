"""`.ci/run` runs every step, and fails if one of them does."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.requirements_report import ROOT

MAKEFILE = """
backends check test bench-smoke requirements:
\t@echo "ran $@ with CHASSIS_REQUIRE_BACKENDS=$$CHASSIS_REQUIRE_BACKENDS CI=$$CI ARGS=$(ARGS)"
\t@if [ "$@" = "$$FAILING" ]; then exit 5; fi
"""
STEPS = ("backends", "check", "test", "bench-smoke", "requirements")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    if not (shutil.which("bash") and shutil.which("timeout")):
        pytest.skip("bash and timeout are needed, as in continuous integration")
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "Makefile").write_text(MAKEFILE)
    write_program(tmp_path, "dpkg-query", "echo installed")
    write_program(tmp_path, "apt-get", "echo apt-get was asked; exit 1")
    return tmp_path


def write_program(project: Path, name: str, text: str) -> None:
    path = project / "programs" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def run(project: Path, failing: str = "") -> tuple[int, str]:
    variables = {"PATH": f"{project / 'programs'}:{os.environ['PATH']}", "FAILING": failing, "MAKEFLAGS": ""}
    done = subprocess.run(
        [project / ".ci" / "run"],
        env=os.environ | variables,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.returncode, done.stdout


def test_every_step_runs_with_backends_required(project: Path) -> None:
    code, output = run(project)
    assert code == 0, output
    for step in STEPS:
        assert f"ran {step} with CHASSIS_REQUIRE_BACKENDS=1 CI=true" in output
    assert "--require tests/requirements_now.txt" in output


@pytest.mark.parametrize("failing", STEPS)
def test_failing_step_fails_the_run_and_stops_no_other(project: Path, failing: str) -> None:
    code, output = run(project, failing)
    assert code == 1
    assert output.rstrip().endswith(f"failed: {failing}")
    assert all(f"ran {step} " in output for step in STEPS)


def test_durations_are_printed(project: Path) -> None:
    _, output = run(project)
    table = output[output.rindex("packages ") :].splitlines()
    assert [line.split()[0] for line in table] == ["packages", *STEPS, "total"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="apt is only asked by root")
def test_packages_that_can_not_be_installed_fail_the_run(project: Path) -> None:
    write_program(project, "dpkg-query", "exit 1")
    write_program(project, "sleep", "exit 0")
    code, output = run(project)
    assert code == 1
    assert output.count("apt-get was asked") == 2
    assert output.rstrip().endswith("failed: packages")
