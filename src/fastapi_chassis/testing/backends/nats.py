"""NATS with JetStream for tests: from the root folder, a program on PATH, or a container."""

import shutil
from pathlib import Path

from fastapi_chassis.testing.backends.containers import ContainerSource
from fastapi_chassis.testing.backends.place import HostPlace, Place
from fastapi_chassis.testing.backends.ports import LOOPBACK, free_port
from fastapi_chassis.testing.backends.readiness import Answer
from fastapi_chassis.testing.backends.root_folder import ROOT_FOLDER, root_obstacle, root_place
from fastapi_chassis.testing.backends.server import Plan, Program
from fastapi_chassis.testing.backends.source import LocalSource, Source

PROGRAM = "nats-server"


def nats_plan(place: Place, folder: Path) -> Plan:
    """Plan a server whose streams lie in the folder.

    Args:
        place: where the program lies.
        folder: for the data.
    """
    port = free_port()
    data = folder / "data"
    argv = (
        place.program(PROGRAM),
        *(
            "--addr",
            LOOPBACK,
            "--port",
            str(port),
            "--jetstream",
            "--store_dir",
            f"{place.data(data)}/streams",
        ),
    )

    def prepare() -> None:
        data.mkdir(mode=0o700)
        place.own(data)

    server = Program("nats", place.command(*argv, folder=data), Answer(port, b"", b"INFO {"))
    return Plan(f"nats://{LOOPBACK}:{port}", (server,), prepare)


def nats_sources() -> tuple[Source, ...]:
    """Return where NATS may come from."""
    return (
        LocalSource(
            "root folder", lambda folder: nats_plan(root_place("nats"), folder), root_obstacle, (ROOT_FOLDER,)
        ),
        LocalSource(
            "program on PATH",
            lambda folder: nats_plan(HostPlace(user=("nobody",)), folder),
            lambda: None if shutil.which(PROGRAM) else f"no {PROGRAM} on PATH",
        ),
        ContainerSource(
            image="nats:2.15",
            port=4222,
            ready=lambda port: Answer(port, b"", b"INFO {"),
            url=lambda port: f"nats://{LOOPBACK}:{port}",
            command=("--jetstream",),
        ),
    )
