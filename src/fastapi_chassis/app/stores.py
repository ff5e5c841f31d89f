"""Stores: where the modules of a service keep what they write, and how a scope finds their transactions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fastapi_chassis.app.memory import InMemoryStore
from fastapi_chassis.app.module import ServiceModule
from fastapi_chassis.app.plugin_order import AnyPlugin
from fastapi_chassis.app.store import Store
from fastapi_chassis.application import AbstractUnitOfWork
from fastapi_chassis.config import RootConfig
from fastapi_chassis.domain import DomainEvent, Finding

MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class StorePlace:
    """A store in use.

    Args:
        name: the plugin's section, or `memory`.
        store: what holds rows, outbox and inbox.
        unit_of_work: the type under which a scope finds its transactions.
    """

    name: str
    store: Store
    unit_of_work: type[AbstractUnitOfWork] = AbstractUnitOfWork  # type: ignore[type-abstract]  # asked for only

    def own_work(self) -> AbstractUnitOfWork:
        """Makes a transaction of the chassis itself: it records no events, so that nobody hears of any."""
        return self.store.unit_of_work(sink=None, dispatch=_nobody)


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of a service.

    Args:
        default: holds what no module keeps elsewhere; plain `AbstractUnitOfWork` is a transaction of it.
        by_module: the store of each module.
    """

    default: StorePlace
    by_module: Mapping[str, StorePlace]

    @property
    def used(self) -> tuple[StorePlace, ...]:
        """Every store that a module keeps something in, the default one first."""
        return tuple({place.name: place for place in (self.default, *self.by_module.values())}.values())

    def of(self, module: ServiceModule) -> StorePlace:
        """Returns the store of a module."""
        return self.by_module.get(module.name, self.default)

    def behind(self, unit_of_work: type[AbstractUnitOfWork]) -> StorePlace:
        """Returns the store whose transactions are found under a type."""
        return next(place for place in self.used if place.unit_of_work is unit_of_work)


async def _nobody(_event: DomainEvent) -> None:
    return None


def choose_stores(
    plugins: Iterable[AnyPlugin], config: RootConfig, modules: Sequence[ServiceModule]
) -> tuple[Stores, list[Finding]]:
    """Gives every module the store that configuration names, or the default one.

    The default is `service.store`; without it, the one store that carries messages and that no module
    names; without one, memory.

    Returns:
        The stores, and a finding for each name that no store has.
    """
    offered = {plugin.instance: store for plugin in plugins if (store := plugin.store()) is not None}
    carrying = _unnamed([name for name, store in offered.items() if store.outbox() is not None], config)
    offered.setdefault(MEMORY, InMemoryStore())
    findings = []
    wanted = config.service.store or (carrying[0] if carrying else MEMORY)
    if not config.service.store and len(carrying) > 1:
        findings.append(
            Finding(
                f"several plugins hold a store: {', '.join(carrying)}",
                "service.store",
                f"name the one for modules that name none: service.store: {carrying[-1]}.",
            )
        )
    default = StorePlace(wanted, offered.get(wanted, offered[MEMORY]))
    findings += _unknown("service.store", wanted, offered)
    by_module: dict[str, StorePlace] = {}
    places = {wanted: default}
    for module in modules:
        named = config.modules[module.name].store if module.name in config.modules else None
        name = named or wanted
        if name not in places and name in offered:
            places[name] = StorePlace(name, offered[name], _transactions_of(name))
        if named:
            findings += _unknown(f"modules.{module.name}.store", name, offered)
        by_module[module.name] = places.get(name, default)
    return Stores(default, by_module), findings


def _unnamed(carrying: Iterable[str], config: RootConfig) -> list[str]:
    """Leaves out the stores that modules name, unless there are no others."""
    held = sorted(carrying)
    named = {module.store for module in config.modules.values()}
    return [name for name in held if name not in named] or held


def _unknown(where: str, name: str, offered: Mapping[str, Store]) -> list[Finding]:
    if name in offered:
        return []
    remedy = f"enable a plugin of that name that does, or name one of: {', '.join(sorted(offered))}."
    return [Finding(f"{name} holds no store", where, remedy)]


def _transactions_of(name: str) -> type[AbstractUnitOfWork]:
    """Makes a type of its own: a container finds things by type."""
    return type(f"UnitOfWorkOn_{name}", (AbstractUnitOfWork,), {"__module__": __name__})
