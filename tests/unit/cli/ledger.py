"""A plugin with migrations, for the commands that ask plugins."""

from typing import ClassVar

from fastapi_chassis.app import ApplicationAbstract, PluginAbstract, PluginContext
from fastapi_chassis.config import PluginConfig
from fastapi_chassis.domain import ChassisError, Finding
from fastapi_chassis.status import Component, HealthStatusEnum


class LedgerMigrations:
    def __init__(self, ledger: "type[Ledger]") -> None:
        self._ledger = ledger

    async def migrate(self) -> list[str]:
        missing, self._ledger.missing = self._ledger.missing, []
        return missing

    async def pending(self) -> list[Finding]:
        if self._ledger.is_away:
            raise ChassisError(Finding("no server answers", remedy="start it."))
        return [
            Finding(f"ledger lacks {step}", remedy="run chassis migrate.") for step in self._ledger.missing
        ]

    async def downgrade(self, revision: str) -> list[str]:
        self._ledger.missing = [revision]
        return [revision]


class Ledger(PluginAbstract[PluginConfig]):
    name = "ledger"
    missing: ClassVar[list[str]] = []
    is_away: ClassVar[bool] = False
    health: ClassVar[HealthStatusEnum] = HealthStatusEnum.HEALTHY
    life: ClassVar[list[str]] = []

    async def start(self, context: PluginContext) -> None:
        if self.is_away:
            raise ChassisError(Finding("no server answers", remedy="start it."))
        self.life.append("started")
        context.health("ledger", self._ping, None)

    async def stop(self) -> None:
        self.life.append("stopped")

    async def _ping(self, handle: None) -> Component:
        return Component("ledger", self.health, "the ledger is full")

    def migrations(self) -> LedgerMigrations:
        return LedgerMigrations(type(self))


def ledger(**state: object) -> type[Ledger]:
    """A kind of ledger with a state of its own."""
    return type("OwnLedger", (Ledger,), {"missing": [], "life": [], **state})


def service(*plugins: type[Ledger]) -> type[ApplicationAbstract]:
    return type("Shop", (ApplicationAbstract,), {"name": "shop", "plugins": plugins})
