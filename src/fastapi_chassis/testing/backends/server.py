"""A running server: its processes as one group that starts, stops, freezes and dies together."""

import json
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fastapi_chassis.domain import Finding
from fastapi_chassis.testing.backends.errors import BackendFailedError
from fastapi_chassis.testing.backends.process import Command, ProcessId, spawn, tail
from fastapi_chassis.testing.backends.readiness import Answer, wait_for

PROCESSES_FILE = "processes.json"


@dataclass(frozen=True, slots=True)
class Program:
    """One process of a server.

    Args:
        name: of its log file.
        command: what runs.
        ready: the answer that says that it is up.
        stop_signal: asks it to end in order.
        timeout: seconds that its start may take.
    """

    name: str
    command: Command
    ready: Answer
    stop_signal: signal.Signals = signal.SIGTERM
    timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How a server is run: an address, a first step, and programs that start in this order.

    Args:
        url: what a client connects to.
        programs: the last one is what the client talks to.
        prepare: makes the data folder, once.
        endpoints: further addresses by name.
    """

    url: str
    programs: tuple[Program, ...]
    prepare: Callable[[], None]
    endpoints: Mapping[str, str] = field(default_factory=dict)


class Handle(Protocol):
    """Control over a running server."""

    def start(self) -> None:
        """Start what does not run, and wait until it is ready."""
        ...

    def stop(self) -> None:
        """Stop in order."""
        ...

    def kill(self) -> None:
        """End at once, as a power cut does."""
        ...

    def pause(self) -> None:
        """Freeze: connections stay open, and nothing answers."""
        ...

    def resume(self) -> None:
        """Go on after a pause."""
        ...


class ProcessGroup:
    """The processes of one server on this machine; their ids are kept in its folder for whoever stops it.

    Args:
        folder: holds the logs and processes.json.
        programs: in the order of their start.
    """

    def __init__(self, folder: Path, programs: tuple[Program, ...]) -> None:
        self._folder = folder
        self._programs = programs
        self._running: dict[str, ProcessId] = {}
        self._children: list[subprocess.Popen[bytes]] = []

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids, in the order of the start."""
        return tuple(process.pid for process in self._running.values())

    def start(self) -> None:
        """Start what does not run, and wait until each is ready.

        Raises:
            BackendFailedError: with the end of the log, when one dies or is not ready in time.
        """
        for program in self._programs:
            if not self._alive(program):
                self._spawn(program)
                self._await_ready(program)

    def stop(self) -> None:
        """Stop in reverse order; what does not end in time is killed."""
        for program in reversed(self._programs):
            if program.name in self._running:
                self._running[program.name].stop(program.stop_signal)
        self._reap()

    def kill(self) -> None:
        """SIGKILL to each."""
        self._send(signal.SIGKILL)
        for process in self._running.values():
            process.wait(5.0)
        self._reap()

    def pause(self) -> None:
        """SIGSTOP to each, and to what they started: a PostgreSQL answers in a process per connection."""
        for process in self._running.values():
            process.send_all(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT to each, and to what they started."""
        for process in self._running.values():
            process.send_all(signal.SIGCONT)

    def leave(self) -> None:
        """Let the processes outlive this one: another test process uses them, and will stop them."""
        for child in self._children:
            child.returncode = child.poll() or 0  # so that Popen does not warn about a running child

    def _send(self, number: signal.Signals) -> None:
        for process in self._running.values():
            process.send(number)

    def _alive(self, program: Program) -> bool:
        return program.name in self._running and self._running[program.name].alive

    def _spawn(self, program: Program) -> None:
        child = spawn(program.command, self._log(program))
        self._children.append(child)
        self._running[program.name] = ProcessId.of(child.pid)
        record = [
            [process.pid, process.started, known.stop_signal.value]
            for known in self._programs
            if (process := self._running.get(known.name))
        ]
        (self._folder / PROCESSES_FILE).write_text(json.dumps(record))

    def _await_ready(self, program: Program) -> None:
        process = self._running[program.name]
        if wait_for(program.ready, timeout=program.timeout, alive=lambda: process.alive):
            return
        how = f"was not ready in {program.timeout:.0f} s" if process.alive else "died while it started"
        self.stop()
        raise BackendFailedError(
            Finding(
                what=f"{program.name} {how}",
                where=str(self._log(program)),
                remedy=f"the end of its log:\n{tail(self._log(program))}",
            )
        )

    def _log(self, program: Program) -> Path:
        return self._folder / f"{program.name}.log"

    def _reap(self) -> None:
        for child in self._children:
            if child.poll() is None:
                child.wait(timeout=5.0)
        self._children.clear()


def recorded_processes(folder: Path) -> tuple[tuple[ProcessId, signal.Signals], ...]:
    """Read the processes that a server's folder names, with the signal that stops each."""
    record = folder / PROCESSES_FILE
    if not record.exists():
        return ()
    return tuple(
        (ProcessId(pid, started), signal.Signals(number))
        for pid, started, number in json.loads(record.read_text())
    )
