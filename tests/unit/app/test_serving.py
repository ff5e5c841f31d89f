import logging
import pickle
import socket
from pathlib import Path

import pytest

from fastapi_chassis.app import (
    AddressError,
    ApplicationAbstract,
    Blueprint,
    Recipe,
    ServiceModule,
    recipe_of,
    serve,
)
from fastapi_chassis.app.serving import announce, log_as
from fastapi_chassis.config import DependencyConfig, LoggingConfig, RootConfig
from fastapi_chassis.domain import WiringError


class Shop(ApplicationAbstract):
    name = "shop"


def made(tmp_path: Path, **arguments: object) -> Shop:
    return Shop(Blueprint(arguments=arguments, sources={"directory": tmp_path, "environ": {}}))


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


@pytest.mark.requirement("APP-8")
def test_address_in_use_is_known_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        application = made(tmp_path, **{"server.port": holder.getsockname()[1]})
        with pytest.raises(AddressError):
            serve(application)
    assert not application.fastapi.state.chassis.draining


@pytest.mark.requirement("APP-2")
@pytest.mark.parametrize("wish", [{"server.workers": 3}, {"server.reload": True}])
def test_several_processes_need_a_recipe(tmp_path: Path, wish: dict[str, object]) -> None:
    with pytest.raises(
        WiringError, match=r"needs an application that other processes can make too, and Shop has"
    ):
        serve(made(tmp_path, **wish, **{"server.port": 0}))


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


def test_readiness_is_announced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "fastapi_chassis.server"):
        announce(made(tmp_path), "http://127.0.0.1:8000", 0.4)
    assert caplog.messages == ["shop is ready at http://127.0.0.1:8000 after 0.40 s"]


def test_recipe_without_anything_names_the_class_only() -> None:
    assert recipe_of(Shop, Blueprint()) == Recipe(f"{__name__}:Shop")
