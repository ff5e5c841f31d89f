from pathlib import Path

import pytest

from fastapi_chassis.app import (
    ApplicationAbstract,
    Blueprint,
    ServiceModule,
    configuration_schema,
    load_configuration,
)
from fastapi_chassis.config import ConfigModel, ConfigurationError, RootConfig


class ShelfConfig(ConfigModel):
    size: int = 3


class LibraryConfig(RootConfig):
    shelf: ShelfConfig = ShelfConfig()


async def unreadable(message) -> None: ...  # type: ignore[no-untyped-def]  # that is the fault


class Library(ApplicationAbstract):
    name = "library"
    version = "2.0.0"
    config_type = LibraryConfig
    modules = (ServiceModule("loans", handlers=(unreadable,)),)


def test_loads_without_looking_at_the_wiring(tmp_path: Path) -> None:
    (tmp_path / "application.yaml").write_text("shelf: {size: 5}\n")
    blueprint = Blueprint(arguments={"server.port": 9000}, sources={"directory": tmp_path, "environ": {}})
    loaded = load_configuration(Library, blueprint)
    assert isinstance(loaded.config, LibraryConfig)
    assert loaded.config.shelf.size == 5
    assert (loaded.config.service.name, loaded.config.server.port) == ("library", 9000)
    assert "messaging" in loaded.sections


def test_tells_every_fault(tmp_path: Path) -> None:
    (tmp_path / "application.yaml").write_text("shelf: {size: many}\nserver: {prot: 1}\n")
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(Library, Blueprint(sources={"directory": tmp_path, "environ": {}}))
    assert len(caught.value.findings) == 2


@pytest.mark.requirement("CFG-7")
def test_schema_has_own_sections_and_those_of_rooms() -> None:
    properties = configuration_schema(Library)["properties"]
    assert isinstance(properties, dict)
    assert {"shelf", "server", "messaging", "security", "plugins"} <= set(properties)
