"""A plugin's class says by its base which section configures it."""

import pytest

from fastapi_chassis.app import PluginAbstract
from fastapi_chassis.config import PluginConfig


class StoreConfig(PluginConfig):
    place: str = "here"


class FastStoreConfig(StoreConfig):
    pace: int = 1


class PlainPlugin(PluginAbstract[PluginConfig]):
    name = "plain"


class StorePlugin[Config: StoreConfig](PluginAbstract[Config]):
    name = "store"


class FastStorePlugin(StorePlugin[FastStoreConfig]):
    name = "fast_store"


class FasterStorePlugin(FastStorePlugin):
    name = "faster_store"


class SaidPlugin(PluginAbstract[StoreConfig]):
    name = "said"
    config_type = FastStoreConfig


@pytest.mark.requirement("CFG-2")
@pytest.mark.parametrize(
    ("plugin", "section"),
    [
        (PlainPlugin, PluginConfig),
        (StorePlugin, PluginConfig),
        (FastStorePlugin, FastStoreConfig),
        (FasterStorePlugin, FastStoreConfig),
        (SaidPlugin, FastStoreConfig),
    ],
)
def test_section_is_named_in_the_brackets(plugin: type, section: type) -> None:
    assert plugin.config_type is section


def test_instance_is_called_like_its_section() -> None:
    assert PlainPlugin(PluginConfig()).instance == "plain"
    assert PlainPlugin(PluginConfig(), instance="second").instance == "second"


def test_everything_may_be_left_out() -> None:
    plugin = PlainPlugin(PluginConfig())
    assert (plugin.store(), plugin.migrations(), plugin.provides, plugin.requires) == (None, None, (), ())
