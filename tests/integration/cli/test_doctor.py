"""`chassis doctor` and `chassis migrate` through the real command line, with a plugin that keeps a file."""

import socket

import pytest

from tests.integration.cli.folder import Folder, free_port

LEDGER = """
from pathlib import Path

from fastapi_chassis.app import PluginAbstract
from fastapi_chassis.domain import ChassisError, Finding
from fastapi_chassis.status import Component, HealthStatusEnum

STEPS = ("0001_pages", "0002_lines")
FILE = Path("ledger.txt")


class LedgerMigrations:
    def _done(self) -> list[str]:
        return FILE.read_text().split() if FILE.exists() else []

    async def migrate(self) -> list[str]:
        missing = [step for step in STEPS if step not in self._done()]
        FILE.write_text("\\n".join(STEPS))
        return missing

    async def pending(self) -> list[Finding]:
        missing = [step for step in STEPS if step not in self._done()]
        return [Finding(f"ledger lacks {step}", remedy="run chassis migrate.") for step in missing]

    async def downgrade(self, revision: str) -> list[str]:
        if revision not in STEPS:
            raise ChassisError(Finding(f"there is no revision {revision}", remedy="name one of them."))
        kept = STEPS[: STEPS.index(revision) + 1]
        undone = [step for step in reversed(self._done()) if step not in kept]
        FILE.write_text("\\n".join(kept))
        return undone


class Ledger(PluginAbstract):
    name = "ledger"

    async def start(self, context) -> None:
        if Path("away").exists():
            raise ChassisError(Finding("no server answers at ledger:7000", remedy="start it."))
        context.health("ledger", self.ping, None)

    async def ping(self, handle) -> Component:
        status = HealthStatusEnum.UNHEALTHY if Path("ill").exists() else HealthStatusEnum.HEALTHY
        return Component("ledger", status, "the ledger is full")

    def migrations(self) -> LedgerMigrations:
        return LedgerMigrations()


Shop.plugins = (Ledger,)
"""


@pytest.fixture
def ledger(folder: Folder) -> Folder:
    folder.append(LEDGER)
    folder.write("application.yaml", f"server: {{port: {free_port()}}}\n")
    return folder


@pytest.fixture
def migrated(ledger: Folder) -> Folder:
    ledger.write("ledger.txt", "0001_pages\n0002_lines")
    return ledger


def test_migrate_applies_what_is_missing(ledger: Folder) -> None:
    done = ledger.chassis("migrate")
    assert (done.code, done.out) == (0, "ledger  applied  0001_pages\nledger  applied  0002_lines\n")
    assert ledger.chassis("migrate").out == "ledger  nothing to do\n"


def test_migrate_check_changes_nothing(ledger: Folder) -> None:
    done = ledger.chassis("migrate", "--check")
    assert done.code == 1
    assert "migrations: 2 findings" in done.out
    assert not (ledger.path / "ledger.txt").exists()


def test_migrate_check_of_what_is_up_to_date(migrated: Folder) -> None:
    done = migrated.chassis("migrate", "--check")
    assert (done.code, done.out) == (0, "migrations: well\n")


def test_migrate_down_goes_back(migrated: Folder) -> None:
    assert migrated.chassis("migrate", "--down", "0001_pages", "--json").json == {"ledger": ["0002_lines"]}
    assert "there is no revision 0009" in migrated.chassis("migrate", "--down", "0009").report


def test_migrate_needs_somebody_to_ask(folder: Folder) -> None:
    assert "no plugin of shop has migrations" in folder.chassis("migrate").report


@pytest.mark.requirement("APP-8")
def test_well_service(migrated: Folder) -> None:
    done = migrated.chassis("doctor")
    assert done.code == 0, done.out + done.err
    assert "doctor of shop: well" in done.out
    states = {line.split()[0]: line.split()[1] for line in done.out.splitlines()[1:7]}
    looks = ("python", "plugins", "wiring", "port", "migrations", "backends")
    assert states == dict.fromkeys(looks, "well")
    assert all(len(line) <= 100 for line in done.out.splitlines())


def test_missing_migration_is_found(ledger: Folder) -> None:
    done = ledger.chassis("doctor", "--json")
    assert done.code == 1
    assert [one["what"] for one in done.json["findings"]] == [
        "ledger lacks 0001_pages",
        "ledger lacks 0002_lines",
    ]


@pytest.mark.parametrize(
    ("sign", "finding"),
    [
        ("away", "plugin ledger could not start: no server answers at ledger:7000"),
        ("ill", "ledger is unhealthy: the ledger is full"),
    ],
)
def test_backend_that_is_away_or_ill_is_found(migrated: Folder, sign: str, finding: str) -> None:
    migrated.write(sign, "")
    done = migrated.chassis("doctor")
    assert done.code == 1
    assert finding in done.out


def test_wrong_configuration_and_port_in_use_are_found(migrated: Folder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        done = migrated.chassis("doctor", "--set", f"server.port={port}")
        assert done.code == 1
        assert f"port {port} is in use" in done.out
    done = migrated.chassis("doctor", "--set", "server.port=many")
    assert done.code == 1
    assert "server.port" in done.out
