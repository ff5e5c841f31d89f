"""Valkey for tests: from the root folder, a program on PATH (valkey or redis), or a container."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fastapi_chassis.testing.backends.certificates import make_certificates
from fastapi_chassis.testing.backends.containers import ContainerSource
from fastapi_chassis.testing.backends.place import HostPlace, Place
from fastapi_chassis.testing.backends.ports import LOOPBACK, free_port
from fastapi_chassis.testing.backends.readiness import Answer
from fastapi_chassis.testing.backends.root_folder import ROOT_FOLDER, root_obstacle, root_place
from fastapi_chassis.testing.backends.server import Plan, Program
from fastapi_chassis.testing.backends.source import LocalSource, Source

PROGRAMS = ("valkey-server", "redis-server")


CLUSTER_NODES = 3
SLOTS = 16_384


def valkey_plan(place: Place, program: str, folder: Path) -> Plan:
    """Plan a server that writes every command to its append-only file, so that a restart keeps the data.

    Args:
        place: where the program lies.
        program: its name there.
        folder: for the data.
    """
    port, data = free_port(), folder / "data"
    server = _server(place, program, data, {"port": str(port)}, Answer(port, b"PING\r\n", b"+PONG"))
    return Plan(f"redis://{LOOPBACK}:{port}/0", (server,), lambda: _make(place, data))


def valkey_tls_plan(place: Place, program: str, folder: Path) -> Plan:
    """Plan a server that speaks TLS only and asks clients for a certificate; `endpoints` names the files.

    Args:
        place: where the program lies.
        program: its name there.
        folder: for the data and the certificates, which its own authority signs.
    """
    port, data = free_port(), folder / "data"
    flags = {
        "port": "0",
        "tls-port": str(port),
        "tls-ca-cert-file": f"{place.data(data)}/ca.pem",
        "tls-cert-file": f"{place.data(data)}/server.pem",
        "tls-key-file": f"{place.data(data)}/server.key",
        "tls-auth-clients": "yes",
    }

    def prepare() -> None:
        _make(place, data)
        make_certificates(data, "server", "client")
        place.own(data)

    files = {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key"}
    endpoints = {name: str(data / file) for name, file in files.items()}
    server = _server(place, program, data, flags, Answer(port))
    return Plan(f"rediss://{LOOPBACK}:{port}/0", (server,), prepare, endpoints)


def valkey_cluster_plan(place: Place, program: str, folder: Path) -> Plan:
    """Plan a cluster of three nodes, which know each other and their slots from the first start.

    Args:
        place: where the program lies.
        program: its name there.
        folder: for the data.
    """
    ports = [(free_port(), free_port()) for _ in range(CLUSTER_NODES)]
    datas = [folder / f"data-{number}" for number in range(CLUSTER_NODES)]

    def prepare() -> None:
        for number, data in enumerate(datas):
            _make(place, data)
            (data / "nodes.conf").write_text(_nodes(ports, number), encoding="utf-8")
            place.own(data)

    programs = []
    for number, (port, bus) in enumerate(ports):
        flags = {"port": str(port), "cluster-enabled": "yes", "cluster-port": str(bus)}
        ready = Answer(port, b"PING\r\n", b"+PONG")
        programs.append(_server(place, program, datas[number], flags, ready, name=f"valkey-{number}"))
    return Plan(f"redis://{LOOPBACK}:{ports[0][0]}", tuple(programs), prepare)


def valkey_sources() -> tuple[Source, ...]:
    """Return where Valkey may come from."""
    return (
        *_local(valkey_plan),
        ContainerSource(
            image="valkey/valkey:9",
            port=6379,
            ready=lambda port: Answer(port, b"PING\r\n", b"+PONG"),
            url=lambda port: f"redis://{LOOPBACK}:{port}/0",
            command=("valkey-server", "--appendonly", "yes"),
        ),
    )


def valkey_tls_sources() -> tuple[Source, ...]:
    """Return where a Valkey that speaks TLS may come from."""
    return _local(valkey_tls_plan)


def valkey_cluster_sources() -> tuple[Source, ...]:
    """Return where a cluster may come from."""
    return _local(valkey_cluster_plan)


def _local(plan: Callable[[Place, str, Path], Plan]) -> tuple[Source, ...]:
    return (
        LocalSource(
            "root folder",
            lambda folder: plan(root_place("valkey"), "valkey-server", folder),
            root_obstacle,
            (ROOT_FOLDER,),
        ),
        LocalSource(
            "program on PATH",
            lambda folder: plan(HostPlace(user=("nobody",)), _on_path() or PROGRAMS[0], folder),
            lambda: None if _on_path() else f"no {' or '.join(PROGRAMS)} on PATH",
        ),
    )


def _server(
    place: Place, program: str, data: Path, flags: Mapping[str, str], ready: Answer, *, name: str = "valkey"
) -> Program:
    always = {"bind": LOOPBACK, "dir": place.data(data), "appendonly": "yes", "save": "", "daemonize": "no"}
    words = (word for flag, value in {**flags, **always}.items() for word in (f"--{flag}", value))
    return Program(name, place.command(place.program(program), *words, folder=data), ready)


def _make(place: Place, data: Path) -> None:
    data.mkdir(mode=0o700)
    place.own(data)


def _nodes(ports: Sequence[tuple[int, int]], myself: int) -> str:
    """Writes what a node would have written about the others when it stopped."""
    share = -(-SLOTS // len(ports))
    lines = []
    for number, (port, bus) in enumerate(ports):
        first, last = number * share, min((number + 1) * share, SLOTS) - 1
        flags = "myself,master" if number == myself else "master"
        address = f"{LOOPBACK}:{port}@{bus}"
        lines.append(f"{number + 1:040x} {address} {flags} - 0 0 {number + 1} connected {first}-{last}")
    return "\n".join([*lines, f"vars currentEpoch {len(ports)} lastVoteEpoch 0", ""])


def _on_path() -> str | None:
    return next((name for name in PROGRAMS if shutil.which(name)), None)
