"""The lifecycle contract on the plugin of Redis."""

from typing import ClassVar

import pytest

from fastapi_chassis.plugins.redis import RedisConfig, RedisPlugin
from fastapi_chassis.testing.contracts import PluginContract


@pytest.mark.requirement("PLG-2", "PLG-3", "PLG-5", "PLG-6")
@pytest.mark.backends("valkey")
class TestRedis(PluginContract):
    plugin_type = RedisPlugin
    vendor_modules: ClassVar[tuple[str, ...]] = ("redis", "hiredis")

    @pytest.fixture
    def config(self, valkey_url: str) -> RedisConfig:
        return RedisConfig.model_validate({"url": valkey_url})
