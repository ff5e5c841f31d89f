"""`scripts/python.sh` finds a Python 3.12 or newer wherever one is, and believes no name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

pytestmark = pytest.mark.requirement("DX-1")

SCRIPT = ROOT / "scripts" / "python.sh"
PROGRAM = """#!/bin/sh
# Stands for a Python: answers the question of python.sh as version {version} would.
[ "{version}" = shim ] && {{ echo "pyenv: python: command not found" >&2; exit 127; }}
for word in "$@"; do last=$word; done
exec "{real}" -c "
import sys, types
sys.version_info = tuple(map(int, '{version}'.split('.'))) + (0, 'final', 0)
sys._base_executable = '{path}'
$last"
"""


class Machine:
    """A machine that has only the Pythons that were installed on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"
        self.programs = root / "programs"
        for folder in (self.home, self.programs):
            folder.mkdir()

    def install(self, place: str, version: str) -> str:
        path = self.root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PROGRAM.format(version=version, real=sys.executable, path=path))
        path.chmod(0o755)
        return str(path)

    def find(self, **variables: str) -> tuple[int, str, str]:
        done = subprocess.run(
            ["/bin/sh", str(SCRIPT)],
            env={"HOME": str(self.home), "PATH": str(self.programs), **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout.strip(), done.stderr.strip()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


PLACES = {
    "on PATH": "programs/python3.13",
    "with a plain name": "programs/python3",
    "in pyenv": "home/.pyenv/versions/3.13.0/bin/python3.13",
    "from uv": "home/.local/share/uv/python/cpython-3.13.0-linux/bin/python3.13",
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_python_is_found(machine: Machine, place: str) -> None:
    machine.install("programs/python3.11", "3.11")
    expected = machine.install(place, "3.13")
    assert machine.find() == (0, expected, "")


def test_python3_that_is_too_old_is_passed_over(machine: Machine) -> None:
    machine.install("programs/python3", "3.11")
    expected = machine.install("home/.pyenv/versions/3.12.1/bin/python3.12", "3.12")
    assert machine.find() == (0, expected, "")


def test_shim_that_answers_nothing_is_passed_over(machine: Machine) -> None:
    for name in ("python3.14", "python3.13", "python3.12", "python3"):
        machine.install(f"programs/{name}", "shim")
    expected = machine.install("home/.pyenv/versions/3.12.1/bin/python3.12", "3.12")
    assert machine.find() == (0, expected, "")


def test_name_that_lies_is_passed_over(machine: Machine) -> None:
    machine.install("programs/python3.13", "3.11")
    expected = machine.install("programs/python3.12", "3.12")
    assert machine.find() == (0, expected, "")


def test_later_folder_of_path_is_asked_too(machine: Machine) -> None:
    machine.install("programs/python3.13", "shim")
    expected = machine.install("other/python3.13", "3.13")
    assert machine.find(PATH=f"{machine.programs}:{machine.root / 'other'}") == (0, expected, "")


def test_folder_with_a_space_is_read(machine: Machine) -> None:
    expected = machine.install("my programs/python3.13", "3.13")
    assert machine.find(PATH=str(machine.root / "my programs")) == (0, expected, "")


def test_313_is_preferred(machine: Machine) -> None:
    machine.install("programs/python3.14", "3.14")
    machine.install("programs/python3.12", "3.12")
    expected = machine.install("home/.pyenv/versions/3.13.0/bin/python3.13", "3.13")
    assert machine.find() == (0, expected, "")


def test_pyenv_root_is_honoured(machine: Machine) -> None:
    expected = machine.install("elsewhere/versions/3.14.0/bin/python3.14", "3.14")
    assert machine.find(PYENV_ROOT=str(machine.root / "elsewhere")) == (0, expected, "")


def test_named_python_wins(machine: Machine) -> None:
    machine.install("programs/python3.13", "3.13")
    expected = machine.install("mine/python", "3.12")
    assert machine.find(PYTHON=expected) == (0, expected, "")


def test_named_python_that_is_too_old_is_refused(machine: Machine) -> None:
    machine.install("programs/python3.13", "3.13")
    named = machine.install("mine/python", "3.11")
    code, found, said = machine.find(PYTHON=named)
    assert (code, found) == (1, "")
    assert said.startswith(f"PYTHON={named} isn't a CPython 3.12 or newer")


def test_one_sentence_if_there_is_none(machine: Machine) -> None:
    machine.install("programs/python3", "3.11")
    code, found, said = machine.find()
    assert (code, found) == (1, "")
    assert said.startswith("No Python 3.12 or newer was found: install one")
    assert "make PYTHON=" in said
    assert len(said.splitlines()) == 1


def test_make_ends_with_that_sentence(machine: Machine) -> None:
    for name in ("make", "sh", "dirname", "uname"):
        program = next((p for f in ("/usr/bin", "/bin") if (p := Path(f) / name).exists()), None)
        assert program, f"{name} isn't installed"
        (machine.programs / name).symlink_to(program)
    done = subprocess.run(
        ["make", "--no-print-directory", "test"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"HOME": str(machine.home), "PATH": str(machine.programs), "MAKEFLAGS": ""},
    )
    assert done.returncode != 0
    assert "No Python 3.12 or newer was found" in done.stderr


def test_real_machine_has_one() -> None:
    found = subprocess.run(
        ["/bin/sh", str(SCRIPT)],
        env=os.environ | {"PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert Path(found.stdout.strip()).samefile(getattr(sys, "_base_executable", sys.executable))
