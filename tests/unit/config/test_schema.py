import json

import pytest

from fastapi_chassis.config import ConfigModel, PluginConfig, RootConfig, config_schema
from fastapi_chassis.domain import ChassisError, Finding
from tests.unit.config.project import PLUGINS, HttpConfig


class ShopConfig(ConfigModel):
    limit: int = 3


class ServiceRoot(RootConfig):
    shop: ShopConfig = ShopConfig()


def not_installed() -> type[PluginConfig]:
    raise ChassisError(Finding("nats is not installed"))


@pytest.mark.requirement("CFG-7")
def test_the_schema_of_a_service() -> None:
    schema = config_schema(
        ServiceRoot, sections={"http": HttpConfig}, plugins={**PLUGINS, "nats": not_installed}
    )
    text = json.dumps(schema)
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert {"environment", "service", "shop", "http", "plugins"} <= set(properties)
    assert set(properties["plugins"]["properties"]) == {"kafka", "nats", "redis", "sqlalchemy"}
    assert properties["http"] == {"$ref": "#/$defs/HttpConfig"}
    for reference in text.split('"$ref": "#/$defs/')[1:]:
        assert reference.partition('"')[0] in schema["$defs"]


@pytest.mark.requirement("CFG-7")
def test_a_placeholder_may_stand_for_every_value() -> None:
    limit = config_schema(ServiceRoot)["$defs"]["ShopConfig"]["properties"]["limit"]  # type: ignore[index]  # JSON
    assert limit["default"] == 3
    assert [choice["type"] for choice in limit["anyOf"]] == ["integer", "string"]


def test_no_default_secret_in_the_schema() -> None:
    class Secretive(PluginConfig):
        url: str = "x"

    assert "additionalProperties" in config_schema(RootConfig, plugins={"s": Secretive})["$defs"]["Secretive"]  # type: ignore[index]  # JSON
