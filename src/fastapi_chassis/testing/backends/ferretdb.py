"""A MongoDB-compatible server for tests: FerretDB over PostgreSQL with DocumentDB, or a container."""

import struct
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from fastapi_chassis.testing.backends.containers import ContainerSource
from fastapi_chassis.testing.backends.go_program import GoProgram
from fastapi_chassis.testing.backends.place import HostPlace
from fastapi_chassis.testing.backends.ports import LOOPBACK, free_port
from fastapi_chassis.testing.backends.postgresql import postgresql_plan
from fastapi_chassis.testing.backends.process import run
from fastapi_chassis.testing.backends.readiness import Answer
from fastapi_chassis.testing.backends.root_folder import ROOT_FOLDER, root_obstacle, root_place
from fastapi_chassis.testing.backends.server import Plan, Program
from fastapi_chassis.testing.backends.source import LocalSource, Source

VERSION = "v2.7.0"

FERRETDB = GoProgram(
    name="ferretdb",
    module="github.com/FerretDB/FerretDB/v2",
    version=VERSION,
    source=Path(__file__).with_name("ferretdb_program") / "main.go",
).artifact()

STORAGE_SETTINGS = {
    "shared_preload_libraries": "pg_cron,pg_documentdb_core,pg_documentdb",
    "cron.database_name": "postgres",
    # MongoDB clients refuse fewer.
    "scram_iterations": "4096",
}


def ferretdb_plan(folder: Path) -> Plan:
    """Plan FerretDB and the PostgreSQL under it, as one server.

    It is atomic and durable, but has no transactions, and says so only at commitTransaction.

    Args:
        folder: for the data.
    """
    place = root_place("postgres")
    plan = postgresql_plan(place, folder, STORAGE_SETTINGS)
    address = urlsplit(plan.url)
    storage = _with_password(plan.programs[0], address.password or "")
    port = free_port()
    data = folder / "data"
    state = folder / "state"

    def prepare() -> None:
        plan.prepare()
        state.mkdir(mode=0o700)
        flags = [flag for name, value in STORAGE_SETTINGS.items() for flag in ("-c", f"{name}={value}")]
        argv = (place.program("postgres"), "--single", "-D", f"{place.data(data)}/pg", *flags, "postgres")
        statement = "create extension documentdb cascade;\n"
        run(
            place.command(*argv, folder=data),
            timeout=120,
            what="create extension documentdb",
            stdin=statement,
        )

    argv = (str(FERRETDB.path / "ferretdb"), "-listen", f"{LOOPBACK}:{port}", "-state", str(state))
    command = HostPlace().command(*argv, folder=state, env={"POSTGRESQL_URL": plan.url})
    server = Program("ferretdb", command, hello(port))
    url = f"mongodb://{address.username}:{address.password}@{LOOPBACK}:{port}/"
    return Plan(url, (storage, server), prepare)


def _with_password(program: Program, password: str) -> Program:
    """DocumentDB connects to its own server, and finds the password only in the environment."""
    env = {**program.command.env, "PGPASSWORD": password}
    return replace(program, command=replace(program.command, env=env))


def hello(port: int) -> Answer:
    """Ask `{hello: 1, $db: "admin"}` in an OP_MSG; any reply of a header's length will do."""
    fields = b"\x10hello\0" + struct.pack("<i", 1) + b"\x02$db\0" + struct.pack("<i", 6) + b"admin\0"
    document = struct.pack("<i", len(fields) + 5) + fields + b"\0"
    body = struct.pack("<iii", 1, 0, 2013) + struct.pack("<i", 0) + b"\0" + document
    return Answer(port, struct.pack("<i", len(body) + 4) + body, at_least=16, timeout=5.0)


def ferretdb_sources() -> tuple[Source, ...]:
    """Return where a MongoDB-compatible server may come from."""
    return (
        LocalSource("root folder and Go program", ferretdb_plan, root_obstacle, (ROOT_FOLDER, FERRETDB)),
        ContainerSource(
            image="ghcr.io/ferretdb/ferretdb-eval:2",
            port=27017,
            ready=hello,
            url=lambda port: f"mongodb://chassis:chassis@{LOOPBACK}:{port}/",
            env={"POSTGRES_USER": "chassis", "POSTGRES_PASSWORD": "chassis", "FERRETDB_TELEMETRY": "disable"},
        ),
    )
