"""Brokers: how each process is told where its messages go."""

from collections.abc import Callable, Mapping

VARIABLES: Mapping[str, Callable[[str], Mapping[str, str]]] = {
    "kafka": lambda url: {"KAFKA_ENABLED": "true", "KAFKA_SERVERS": url.removeprefix("kafka://")},
    "rabbitmq": lambda url: {"RABBITMQ_ENABLED": "true", "RABBITMQ_URL": url},
    "nats": lambda url: {"NATS_ENABLED": "true", "NATS_URL": url},
}
