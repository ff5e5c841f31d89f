from pathlib import Path

import pytest

from fastapi_chassis.app import (
    ApplicationAbstract,
    ApplicationGenericBuilder,
    PluginAbstract,
    ServiceModule,
)
from fastapi_chassis.app import builder as builder_file
from fastapi_chassis.config import DependencyConfig, PluginConfig, RootConfig, ScopeEnum
from fastapi_chassis.domain import Clock, FrozenClock, WiringError
from tests.unit.app.ledger import NOWHERE, builder


class Shop(ApplicationAbstract):
    name = "shop"


class Door(PluginAbstract[PluginConfig]):
    name = "door"


class ShopBuilder(ApplicationGenericBuilder[Shop]):
    pass


class Mixin[T]:
    pass


class SpecialBuilder(ShopBuilder, Mixin[int]):
    pass


@pytest.mark.requirement("APP-2")
@pytest.mark.parametrize(
    "make",
    [lambda: ApplicationGenericBuilder(Shop), ShopBuilder, SpecialBuilder],
    ids=["direct", "sub", "subsub"],
)
def test_it_is_used_directly_or_subclassed(make):
    built = make().with_sources(directory=NOWHERE, environ={}).build()
    assert type(built) is Shop


@pytest.mark.requirement("APP-2", "APP-8")
def test_one_that_knows_no_application_says_what_to_write():
    with pytest.raises(
        WiringError, match="ApplicationGenericBuilder does not know which application to build"
    ):
        ApplicationGenericBuilder()


@pytest.mark.requirement("APP-2", "PLG-1")
def test_plugins_are_added_as_classes_and_as_instances():
    built = builder(Shop).add_plugin(Door).build()
    assert [(type(one), one.instance) for one in built.assembly.plugins] == [(Door, "door")]
    instance = Door(PluginConfig(), instance="front")
    assert builder(Shop).add_plugin(instance).build().assembly.plugins == (instance,)


@pytest.mark.requirement("APP-2", "APP-6")
def test_modules_are_added_to_those_of_the_class():
    built = builder(Shop).add_module(ServiceModule("a")).add_module(ServiceModule("b")).build()
    assert [module.name for module in built.assembly.modules] == ["a", "b"]


@pytest.mark.requirement("APP-2")
def test_a_whole_configuration_is_taken_as_it_is():
    config = RootConfig.model_validate({"service": {"name": "store"}, "server": {"port": 9}})
    assert ApplicationGenericBuilder(Shop).with_config(config).build().config == config


@pytest.mark.requirement("APP-2", "CFG-4")
def test_a_file_is_read_instead_of_the_usual_one(tmp_path: Path):
    (tmp_path / "own.yaml").write_text("server: {port: 9}")
    built = (
        ApplicationGenericBuilder(Shop)
        .with_config_file(tmp_path / "own.yaml")
        .with_sources(environ={})
        .build()
    )
    assert built.config.server.port == 9


@pytest.mark.requirement("APP-2")
def test_a_setting_stands_above_the_file(tmp_path: Path):
    (tmp_path / "own.yaml").write_text("server: {port: 9}")
    made = ApplicationGenericBuilder(Shop).with_config_file(tmp_path / "own.yaml").with_sources(environ={})
    assert made.with_setting("server.port", 10).build().config.server.port == 10


@pytest.mark.requirement("APP-2", "APP-5")
async def test_bindings_are_replaced():
    clock = FrozenClock()

    def held() -> Clock:
        return clock

    doubles = DependencyConfig().bind(Clock, held, scope=ScopeEnum.APPLICATION)
    built = builder(Shop).with_dependencies(doubles).build()
    await built.start()
    assert await built.assembly.container.get(Clock) is clock
    await built.stop()


@pytest.mark.requirement("APP-2")
def test_what_it_builds_is_served(monkeypatch):
    served = []
    monkeypatch.setattr(
        builder_file, "serve", lambda application, recipe: served.append((application, recipe))
    )
    builder(Shop).with_setting("server.port", 0).build_and_serve()
    ((application, recipe),) = served
    assert isinstance(application, Shop)
    assert recipe is None or recipe.arguments == {"server.port": 0}
