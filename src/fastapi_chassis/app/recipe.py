"""Recipe: how a process makes an application, how it logs, and whom it tells that it serves."""

import importlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import cast

from fastapi_chassis.app.application import ApplicationAbstract
from fastapi_chassis.app.blueprint import Blueprint
from fastapi_chassis.config import ConfigSources, RootConfig
from fastapi_chassis.observability import setup_logging

type OnReady = Callable[[ApplicationAbstract, str, float], None]
"""Called with the application, its URL and the seconds that the start took."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How another process makes the same application.

    Args:
        application: `module:Class`.
        arguments: settings above every file and variable.
        sources: where configuration is looked for, instead of the usual places.
    """

    application: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    sources: ConfigSources = field(default_factory=ConfigSources)

    def made(self) -> ApplicationAbstract:
        """Imports the class and builds the application.

        Raises:
            ChassisError: with everything that is wired or configured wrongly.
        """
        module, _, name = self.application.partition(":")
        found = reduce(getattr, name.split("."), importlib.import_module(module))
        application = cast("type[ApplicationAbstract]", found)
        return application(Blueprint(arguments=dict(self.arguments), sources=self.sources))


def recipe_of(application: type[ApplicationAbstract], blueprint: Blueprint) -> Recipe | None:
    """Tells how another process makes this application; None where it has parts that can't be named."""
    has_parts = bool(blueprint.plugins or blueprint.modules or blueprint.overrides or blueprint.config)
    # other processes read the environment themselves: one that was handed in is no longer the same there
    if (
        has_parts
        or "environ" in blueprint.sources
        or application.__module__ == "__main__"
        or "<locals>" in application.__qualname__
    ):
        return None
    name = f"{application.__module__}:{application.__qualname__}"
    return Recipe(name, blueprint.arguments, blueprint.sources)


def log_as(config: RootConfig) -> None:
    """Sets the logs of this process up."""
    setup_logging(config.logging, environment=config.environment, service=config.service.name)
    # the chassis tells of start and stop itself
    logging.getLogger("uvicorn").setLevel(max(logging.WARNING, logging.getLogger().level))
