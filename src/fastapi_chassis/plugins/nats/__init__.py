"""NATS JetStream: the service's messages over one stream, in order of their keys."""

from fastapi_chassis.domain import MissingExtraError

try:
    from fastapi_chassis.plugins.nats.errors import NatsAwayError, NatsStreamError
except ModuleNotFoundError as missing:
    if missing.name != "nats":
        raise
    raise MissingExtraError("nats") from missing
from fastapi_chassis.plugins.nats.config import NatsConfig
from fastapi_chassis.plugins.nats.connection import NatsConnection, open_nats
from fastapi_chassis.plugins.nats.plugin import NatsPlugin
from fastapi_chassis.plugins.nats.transport import NatsTransport

__all__ = (
    "NatsAwayError",
    "NatsConfig",
    "NatsConnection",
    "NatsPlugin",
    "NatsStreamError",
    "NatsTransport",
    "open_nats",
)
