"""Every backend with the version we test against and the sources that it may come from, best first."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi_chassis.domain import Finding
from fastapi_chassis.testing.backends import (
    ferretdb,
    kafka,
    nats,
    ory,
    pgbouncer,
    postgresql,
    rabbitmq,
    replica,
    valkey,
)
from fastapi_chassis.testing.backends.errors import BackendUnavailableError
from fastapi_chassis.testing.backends.source import Source


@dataclass(frozen=True, slots=True)
class Recipe:
    """One backend.

    Args:
        name: what tests ask for.
        version: of the server that we test against.
        sources: makes the list of where it may come from, best first.
        endpoints: names of further addresses.
    """

    name: str
    version: str
    sources: Callable[[], tuple[Source, ...]]
    endpoints: tuple[str, ...] = ()

    @property
    def url_variable(self) -> str:
        """The variable whose address always wins."""
        return f"CHASSIS_TEST_{self.name.upper()}_URL"

    def variable(self, endpoint: str) -> str:
        """Return the variable of a further address."""
        return f"CHASSIS_TEST_{self.name.upper()}_{endpoint.upper()}_URL"


RECIPES = (
    Recipe("postgresql", "18.6", postgresql.postgresql_sources),
    Recipe("pgbouncer", pgbouncer.VERSION, pgbouncer.pgbouncer_sources, ("direct",)),
    Recipe("replica", "18.6", replica.replica_sources, ("replica",)),
    Recipe("valkey", "9.1", valkey.valkey_sources),
    Recipe("rabbitmq", "4.3", rabbitmq.rabbitmq_sources),
    Recipe("nats", "2.15", nats.nats_sources),
    Recipe("kafka", kafka.VERSION, kafka.kafka_sources),
    Recipe("ferretdb", ferretdb.VERSION.removeprefix("v"), ferretdb.ferretdb_sources),
    Recipe("hydra", ory.HYDRA_VERSION.removeprefix("v"), ory.hydra_sources, ("admin",)),
    Recipe("kratos", ory.KRATOS_VERSION.removeprefix("v"), ory.kratos_sources, ("admin",)),
)


def recipe_for(name: str) -> Recipe:
    """Return the backend of this name.

    Raises:
        BackendUnavailableError: when no backend has it.
    """
    for recipe in RECIPES:
        if recipe.name == name:
            return recipe
    known = ", ".join(recipe.name for recipe in RECIPES)
    raise BackendUnavailableError(Finding(what=f"no backend is called {name}", remedy=f"take one of {known}"))
