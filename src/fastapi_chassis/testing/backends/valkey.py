"""Valkey for tests: from the root folder, a program on PATH (valkey or redis), or a container."""

import shutil
from pathlib import Path

from fastapi_chassis.testing.backends.containers import ContainerSource
from fastapi_chassis.testing.backends.place import HostPlace, Place
from fastapi_chassis.testing.backends.ports import LOOPBACK, free_port
from fastapi_chassis.testing.backends.readiness import Answer
from fastapi_chassis.testing.backends.root_folder import ROOT_FOLDER, root_obstacle, root_place
from fastapi_chassis.testing.backends.server import Plan, Program
from fastapi_chassis.testing.backends.source import LocalSource, Source

PROGRAMS = ("valkey-server", "redis-server")


def valkey_plan(place: Place, program: str, folder: Path) -> Plan:
    """Plan a server that writes every command to its append-only file, so that a restart keeps the data.

    Args:
        place: where the program lies.
        program: its name there.
        folder: for the data.
    """
    port = free_port()
    data = folder / "data"
    flags = {
        "port": str(port),
        "bind": LOOPBACK,
        "dir": place.data(data),
        "appendonly": "yes",
        "save": "",
        "daemonize": "no",
    }
    argv = [place.program(program), *(word for name, value in flags.items() for word in (f"--{name}", value))]

    def prepare() -> None:
        data.mkdir(mode=0o700)
        place.own(data)

    server = Program("valkey", place.command(*argv, folder=data), Answer(port, b"PING\r\n", b"+PONG"))
    return Plan(f"redis://{LOOPBACK}:{port}/0", (server,), prepare)


def valkey_sources() -> tuple[Source, ...]:
    """Return where Valkey may come from."""
    return (
        LocalSource(
            "root folder",
            lambda folder: valkey_plan(root_place("valkey"), "valkey-server", folder),
            root_obstacle,
            (ROOT_FOLDER,),
        ),
        LocalSource(
            "program on PATH",
            lambda folder: valkey_plan(HostPlace(user=("nobody",)), _on_path() or PROGRAMS[0], folder),
            lambda: None if _on_path() else f"no {' or '.join(PROGRAMS)} on PATH",
        ),
        ContainerSource(
            image="valkey/valkey:9",
            port=6379,
            ready=lambda port: Answer(port, b"PING\r\n", b"+PONG"),
            url=lambda port: f"redis://{LOOPBACK}:{port}/0",
            command=("valkey-server", "--appendonly", "yes"),
        ),
    )


def _on_path() -> str | None:
    return next((name for name in PROGRAMS if shutil.which(name)), None)
