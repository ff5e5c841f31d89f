"""Processes by their id: start, find again, signal, stop; the tail of their log."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fastapi_chassis.domain import Finding
from fastapi_chassis.testing.backends.errors import BackendFailedError

POLL_SECONDS = 0.02
LOG_LINES = 40


@dataclass(frozen=True, slots=True)
class Command:
    """One command line with the environment and the user that it runs with.

    Args:
        argv: program and arguments.
        env: added to a minimal environment (PATH and LANG).
        user: numeric user id, or None for the current one.
        group: numeric group id, or None for the current one.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    user: int | None = None
    group: int | None = None

    def environment(self) -> dict[str, str]:
        """Return the full environment of the process; nothing else of ours leaks into the server."""
        return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", **self.env}


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process that can be found again: its number, and when it started, since numbers come back."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "ProcessId":
        """Name the process that has this number now."""
        return cls(pid, _stat(pid)[1])

    @property
    def alive(self) -> bool:
        """Whether it still runs; a zombie does not."""
        state, started = _stat(self.pid)
        return bool(state) and state not in "ZX" and started == self.started

    def send(self, number: signal.Signals) -> None:
        """Send a signal; a process that is gone already is no error."""
        if self.alive:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def send_all(self, number: signal.Signals) -> None:
        """Send a signal to it and to every process that it started, directly or not."""
        family = [self] if self.alive else []
        for parent in family:
            if number in {signal.SIGSTOP, signal.SIGKILL}:
                parent.send(signal.SIGSTOP)  # it starts no other one, and its children are still its own
            family += [child for child in map(ProcessId.of, _children(parent.pid)) if child.alive]
        for process in family:
            process.send(number)

    def stop(self, number: signal.Signals, *, timeout: float = 20.0) -> None:
        """Ask it to end, and kill it when it does not within the time-out in seconds."""
        self.send_all(signal.SIGCONT)
        self.send(number)
        if not self.wait(timeout):
            self.send(signal.SIGKILL)
            self.wait(timeout)

    def wait(self, timeout: float) -> bool:
        """Wait up to so many seconds for its end, and say whether it came."""
        deadline = time.monotonic() + timeout
        while self.alive:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True


def spawn(command: Command, log: Path, *, cwd: Path | None = None) -> "subprocess.Popen[bytes]":
    """Start a server in a session of its own, so that Ctrl-C in the terminal reaches only pytest."""
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - recipes are code
            command.argv,
            env=command.environment(),
            user=command.user,
            group=command.group,
            extra_groups=None if command.user is None else (),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def run(command: Command, *, timeout: float, what: str, cwd: Path | None = None, stdin: str = "") -> str:
    """Run a command to its end and return what it printed.

    Args:
        command: what to run.
        timeout: seconds that it may take.
        what: the step, for the error.
        cwd: the folder to run in.
        stdin: what it reads.

    Raises:
        BackendFailedError: with the end of the output, when it fails or takes too long.
    """
    try:
        done = subprocess.run(  # noqa: S603 - recipes are code
            command.argv,
            env=command.environment(),
            user=command.user,
            group=command.group,
            extra_groups=None if command.user is None else (),
            cwd=cwd,
            input=stdin.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _failed(what, f"took more than {timeout:.0f} s", error.stdout or b"") from error
    except OSError as error:
        raise _failed(what, str(error), b"") from error
    if done.returncode != 0:
        raise _failed(what, f"ended with {done.returncode}", done.stdout)
    return done.stdout.decode(errors="replace")


def tail(log: Path, lines: int = LOG_LINES) -> str:
    """Return the last lines of a log; an empty text when there is none."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _failed(what: str, how: str, output: bytes) -> BackendFailedError:
    text = "\n".join(output.decode(errors="replace").splitlines()[-LOG_LINES:])
    return BackendFailedError(
        Finding(what=f"{what} {how}", where="test backends", remedy=f"the end of its output:\n{text}")
    )


def _stat(pid: int) -> tuple[str, str]:
    """State letter and start time from /proc; where there is no /proc, whether the number is taken."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return ("", "") if Path("/proc/self").exists() else _known(pid)
    except ProcessLookupError:
        return "", ""
    fields = text.rpartition(")")[2].split()
    return fields[0], fields[19]


def _children(pid: int) -> list[int]:
    """Processes that this one started, from /proc; none where there is no /proc."""
    return [
        int(number)
        for tasks in Path(f"/proc/{pid}/task").glob("*/children")
        for number in _read(tasks).split()
    ]


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # its process has ended meanwhile
        return ""


def _known(pid: int) -> tuple[str, str]:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "", ""
    except PermissionError:
        return "?", ""
    return "?", ""
