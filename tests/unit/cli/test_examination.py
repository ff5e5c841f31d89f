import socket
import sys
from pathlib import Path

import pytest

from fastapi_chassis.app import Blueprint
from fastapi_chassis.cli import examination
from fastapi_chassis.cli.examination import Look, look_at_parts, look_at_surroundings
from fastapi_chassis.domain import Finding
from fastapi_chassis.status import HealthStatusEnum
from tests.unit.cli.ledger import Ledger, ledger, service


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


async def looks(*plugins: type[Ledger], port: int = 0) -> dict[str, Look]:
    application = service(*plugins)(Blueprint(arguments={"server.port": port}))
    return {look.name: look for look in await look_at_parts(application)}


def test_surroundings() -> None:
    python, plugins = look_at_surroundings(service(ledger()))
    assert python.state == "well"
    assert sys.executable in python.detail
    assert plugins.detail.startswith("installed: ")
    names = plugins.detail.removeprefix("installed: ").split(", ")
    assert {"ledger", "sqlalchemy"} <= set(names)


def test_old_python_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "OLDEST_PYTHON", (4, 0))
    python, _ = look_at_surroundings(service())
    assert python.findings[0].remedy == "use 4.0 or newer."


async def test_all_well_and_stopped_again() -> None:
    kind = ledger()
    found = await looks(kind)
    assert {look.state for look in found.values()} == {"well"}
    assert kind.life == ["started", "stopped"]


async def test_nothing_to_ask_is_left_out() -> None:
    found = await looks()
    assert found["backends"].state == found["migrations"].state == "left out"


async def test_missing_migration_is_found_and_nothing_is_started() -> None:
    kind = ledger(missing=["0001"])
    found = await looks(kind)
    assert found["migrations"].findings == (Finding("ledger lacks 0001", remedy="run chassis migrate."),)
    assert found["backends"].state == "left out"
    assert not kind.life


async def test_away_is_told_once() -> None:
    found = await looks(ledger(is_away=True))
    assert found["migrations"].state == "left out"
    assert "plugin ledger could not start: no server answers" in found["backends"].findings[0].what


@pytest.mark.parametrize("health", [HealthStatusEnum.DEGRADED, HealthStatusEnum.UNHEALTHY])
async def test_ill_is_found(health: HealthStatusEnum) -> None:
    found = await looks(ledger(health=health))
    assert found["backends"].findings[0].what == f"ledger is {health}: the ledger is full"


async def test_port_in_use_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        found = await looks(port=port)
    assert f"port {port} is in use" in found["port"].findings[0].what
