"""The lifecycle contract on the plugin of Kafka."""

from typing import ClassVar

import pytest

from fastapi_chassis.plugins.kafka import KafkaConfig, KafkaPlugin
from fastapi_chassis.testing.contracts import PluginContract


@pytest.mark.requirement("PLG-2", "PLG-3", "PLG-5", "PLG-6")
@pytest.mark.backends("kafka")
class TestKafka(PluginContract):
    plugin_type = KafkaPlugin
    vendor_modules: ClassVar[tuple[str, ...]] = ("aiokafka",)

    @pytest.fixture
    def config(self, kafka_servers: str) -> KafkaConfig:
        return KafkaConfig.model_validate({"bootstrap_servers": kafka_servers.removeprefix("kafka://")})
