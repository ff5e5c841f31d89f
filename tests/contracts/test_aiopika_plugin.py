"""The lifecycle contract on the plugin of RabbitMQ."""

from typing import ClassVar

import pytest

from fastapi_chassis.plugins.aiopika import AioPikaConfig, AioPikaPlugin
from fastapi_chassis.testing.contracts import PluginContract


@pytest.mark.requirement("PLG-2", "PLG-3", "PLG-5", "PLG-6")
@pytest.mark.backends("rabbitmq")
class TestAioPika(PluginContract):
    plugin_type = AioPikaPlugin
    vendor_modules: ClassVar[tuple[str, ...]] = ("aio_pika", "aiormq", "pamqp")

    @pytest.fixture
    def config(self, rabbitmq_url: str) -> AioPikaConfig:
        return AioPikaConfig.model_validate({"url": rabbitmq_url})
