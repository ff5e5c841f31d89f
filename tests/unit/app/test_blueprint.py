import pytest

from fastapi_chassis.app import Blueprint, PluginAbstract, PluginCatalogue
from fastapi_chassis.app.blueprint import Made, configuration_of
from fastapi_chassis.config import ConfigurationError, PluginConfig, RootConfig
from fastapi_chassis.domain import ChassisError
from fastapi_chassis.messaging import MessagingConfig


class DoorConfig(PluginConfig):
    url: str


class Door(PluginAbstract[DoorConfig]):
    name = "door"
    config_type = DoorConfig


MADE = Made("shop", "1.4.0", RootConfig, (), ())


def configured(tmp_path, *plugins, environ=None, yaml="", **blueprint):
    (tmp_path / "application.yaml").write_text(yaml)
    sources = {"directory": tmp_path, "environ": environ or {}}
    return configuration_of(MADE, Blueprint(sources=sources, **blueprint), PluginCatalogue(plugins))


@pytest.mark.requirement("APP-4")
def test_the_class_names_the_service_unless_the_file_does(tmp_path):
    service = configured(tmp_path).config.service
    assert (service.name, service.version) == ("shop", "1.4.0")
    assert configured(tmp_path, yaml="service: {name: store}").config.service.name == "store"


def test_settings_of_the_builder_stand_above_the_file(tmp_path):
    loaded = configured(tmp_path, yaml="server: {port: 1}", arguments={"server.port": 2})
    assert loaded.config.server.port == 2


@pytest.mark.requirement("PLG-1")
def test_a_plugin_that_is_only_listed_reads_its_variables(tmp_path):
    loaded = configured(tmp_path, Door, environ={"CHASSIS_PLUGINS__DOOR__URL": "x"})
    assert loaded.config.plugins["door"] == DoorConfig(url="x")


def test_a_plugin_that_is_only_listed_misses_a_setting_by_name(tmp_path):
    with pytest.raises(ConfigurationError) as wrong:
        configured(tmp_path, Door)
    (finding,) = wrong.value.findings
    assert "plugins.door.url" in finding.where


@pytest.mark.requirement("CFG-2")
def test_a_listed_plugin_with_a_section_of_another_name_gets_no_second_one(tmp_path):
    loaded = configured(tmp_path, Door, yaml="plugins: {front: {kind: door, url: x}}")
    assert loaded.kinds == {"front": "door"}


def test_an_error_says_which_plugins_were_configured(tmp_path):
    with pytest.raises(ConfigurationError) as wrong:
        configured(tmp_path, Door, yaml="plugins: {front: {kind: door, ulr: x}}")
    assert wrong.value.kinds == {"front": "door"}


def test_a_whole_configuration_is_taken_as_it_is():
    loaded = configuration_of(MADE, Blueprint(config=RootConfig()), PluginCatalogue())
    assert loaded.config == RootConfig()
    assert isinstance(loaded.section("messaging"), MessagingConfig)


@pytest.mark.parametrize("more", [{"arguments": {"server.port": 1}}, {"sources": {"environ": {}}}])
def test_a_whole_configuration_and_settings_exclude_each_other(more):
    with pytest.raises(ChassisError, match="and settings or sources besides"):
        configuration_of(MADE, Blueprint(config=RootConfig(), **more), PluginCatalogue())
