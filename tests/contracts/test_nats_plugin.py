"""The lifecycle contract on the plugin of NATS."""

from typing import ClassVar

import pytest

from fastapi_chassis.plugins.nats import NatsConfig, NatsPlugin
from fastapi_chassis.testing.contracts import PluginContract


@pytest.mark.requirement("PLG-2", "PLG-3", "PLG-5", "PLG-6")
@pytest.mark.backends("nats")
class TestNats(PluginContract):
    plugin_type = NatsPlugin
    vendor_modules: ClassVar[tuple[str, ...]] = ("nats",)

    @pytest.fixture
    def config(self, nats_url: str) -> NatsConfig:
        return NatsConfig.model_validate({"url": nats_url})
