"""`make run` and `make test` work from a fresh clone, whatever `python3` is."""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.requirements_report import ROOT

pytestmark = [pytest.mark.requirement("DX-1"), pytest.mark.xdist_group("clone"), pytest.mark.timeout(600)]

OLD_PYTHON = '#!/bin/sh\n[ "$1" = --version ] && { echo "Python 3.11.7"; exit; }\nexit 1\n'


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of this checkout that git knows or would add, and nothing that was built."""
    folder = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (source := ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / name)
    return folder


def environment(clone: Path) -> dict[str, str]:
    """The caller's shell, as if no virtual environment were active and `python3` were too old."""
    old = clone.parent / "old-python"
    old.mkdir(exist_ok=True)
    for name in ("python", "python3"):
        (old / name).write_text(OLD_PYTHON)
        (old / name).chmod(0o755)
    foreign = ("PYTEST", "CHASSIS", "UV", "MAKE", "MFLAGS", "VIRTUAL_ENV", "COVERAGE", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    folders = [each for each in os.environ["PATH"].split(os.pathsep) if not each.startswith(str(ROOT))]
    return kept | {"PATH": os.pathsep.join([str(old), *folders])}


@contextmanager
def started(command: list[str], clone: Path) -> Iterator[subprocess.Popen[str]]:
    log = clone.parent / "run.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=clone,
            env=environment(clone),
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def answer(url: str, process: subprocess.Popen[str], log: Path) -> int:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        assert process.poll() is None, f"make run ended with {process.returncode}\n{log.read_text()}"
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return int(response.status)
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"no answer from {url}\n{log.read_text()}")


def test_make_run_serves_the_bookshop(clone: Path) -> None:
    port = free_port()
    with started(["make", "run", f"ARGS=--port {port}"], clone) as process:
        assert answer(f"http://127.0.0.1:{port}/api/health/live", process, clone.parent / "run.log") == 200


def test_make_test_runs_the_tests(clone: Path) -> None:
    done = subprocess.run(
        ["make", "test", "ARGS=-n 0 -q tests/requirements/test_report.py"],
        cwd=clone,
        env=environment(clone),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
