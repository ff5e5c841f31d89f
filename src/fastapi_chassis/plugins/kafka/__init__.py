"""Kafka: the service's messages over topics, in order of their keys."""

from fastapi_chassis.domain import MissingExtraError

try:
    from fastapi_chassis.plugins.kafka.errors import KafkaAwayError, KafkaTopicError
except ModuleNotFoundError as missing:
    if missing.name != "aiokafka":
        raise
    raise MissingExtraError("kafka") from missing
from fastapi_chassis.plugins.kafka.config import KafkaConfig
from fastapi_chassis.plugins.kafka.connection import KafkaConnection, open_kafka
from fastapi_chassis.plugins.kafka.plugin import KafkaPlugin
from fastapi_chassis.plugins.kafka.transport import KafkaTransport

__all__ = (
    "KafkaAwayError",
    "KafkaConfig",
    "KafkaConnection",
    "KafkaPlugin",
    "KafkaTopicError",
    "KafkaTransport",
    "open_kafka",
)
