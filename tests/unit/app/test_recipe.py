import logging
import pickle
from pathlib import Path

import pytest

from fastapi_chassis.app import ApplicationAbstract, Blueprint, Recipe, ServiceModule, recipe_of
from fastapi_chassis.app.recipe import log_as
from fastapi_chassis.config import DependencyConfig, LoggingConfig, RootConfig


class Shop(ApplicationAbstract):
    name = "shop"


def test_recipe_makes_the_same_application_elsewhere(tmp_path: Path) -> None:
    blueprint = Blueprint(arguments={"server.port": 9000}, sources={"directory": tmp_path, "profile": "test"})
    recipe = recipe_of(Shop, blueprint)
    assert recipe is not None
    again = pickle.loads(pickle.dumps(recipe)).made()
    assert type(again) is Shop
    assert again.config.server.port == 9000
    assert again.config.environment == "test"


@pytest.mark.parametrize(
    "blueprint",
    [
        Blueprint(modules=[ServiceModule("more")]),
        Blueprint(overrides=[DependencyConfig()]),
        Blueprint(config=RootConfig()),
        Blueprint(sources={"environ": {}}),
    ],
)
def test_no_recipe_for_parts_that_have_no_name(blueprint: Blueprint) -> None:
    assert recipe_of(Shop, blueprint) is None


def test_no_recipe_for_a_class_that_can_not_be_imported() -> None:
    class Local(ApplicationAbstract):
        name = "local"

    assert recipe_of(Local, Blueprint()) is None
    assert recipe_of(type("Script", (Shop,), {"__module__": "__main__"}), Blueprint()) is None


def test_server_library_is_quiet_and_the_level_holds() -> None:
    root, library = logging.getLogger(), logging.getLogger("uvicorn")
    before, handlers = (root.level, library.level), root.handlers[:]
    try:
        log_as(RootConfig(logging=LoggingConfig(level="DEBUG")))
        assert (root.level, library.level) == (logging.DEBUG, logging.WARNING)
        log_as(RootConfig(logging=LoggingConfig(level="ERROR")))
        assert (root.level, library.level) == (logging.ERROR, logging.ERROR)
    finally:
        root.setLevel(before[0])
        library.setLevel(before[1])
        root.handlers[:] = handlers
        logging.captureWarnings(capture=False)


def test_recipe_without_anything_names_the_class_only() -> None:
    assert recipe_of(Shop, Blueprint()) == Recipe(f"{__name__}:Shop")
