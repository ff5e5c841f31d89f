"""What a loader is told of plugins."""

from fastapi_chassis.config import PluginConfig
from fastapi_chassis.config.sources import model_of


class RedisConfig(PluginConfig):
    url: str = ""


def test_a_model_is_taken_as_it_is() -> None:
    assert model_of(RedisConfig) is RedisConfig


def test_a_function_is_asked_for_the_model() -> None:
    assert model_of(lambda: RedisConfig) is RedisConfig
