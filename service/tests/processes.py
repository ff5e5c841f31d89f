"""Processes: the bookshop as its users start it, by its real command line."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .shop import SERVICE

CHASSIS = str(Path(sys.executable).parent / "chassis")
PATIENCE = 60.0  # seconds that a start may take on a busy machine


def environment(**more: str) -> dict[str, str]:
    """The variables of this process, without those that configure a service."""
    ours = {name.partition("=")[0].lstrip("# ") for name in _lines(SERVICE / ".env.example")}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {name: value for name, value in kept.items() if not name.startswith("CHASSIS_")} | more


def _lines(file: Path) -> list[str]:
    return [line for line in file.read_text(encoding="utf-8").splitlines() if "=" in line]


def chassis(*arguments: str, cwd: Path = SERVICE, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    return subprocess.run(
        [CHASSIS, *arguments],
        cwd=cwd,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@contextmanager
def running(
    *arguments: str, cwd: Path = SERVICE, **variables: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Serves for the length of a block; gives the process and its URL once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
    process = subprocess.Popen(
        [CHASSIS, "run", *arguments],
        cwd=cwd,
        env=environment(API_PORT=str(port), **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _until_it_answers(process, f"{url}/api/health/ready")
        yield process, url
    finally:
        process.kill()
        process.communicate()


def _until_it_answers(process: subprocess.Popen[str], url: str) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise AssertionError(f"it ended with {process.returncode}:\n{process.communicate()[0]}")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer after {PATIENCE:g} s")
