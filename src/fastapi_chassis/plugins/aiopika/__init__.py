"""RabbitMQ: messages through a topic exchange, into one quorum queue of each group."""

from fastapi_chassis.domain import MissingExtraError

try:
    from fastapi_chassis.plugins.aiopika.connection import AioPikaConnection, open_aiopika
except ModuleNotFoundError as missing:
    if missing.name not in {"aiormq", "pamqp"}:
        raise
    raise MissingExtraError("aiopika") from missing
from fastapi_chassis.plugins.aiopika.config import AioPikaConfig
from fastapi_chassis.plugins.aiopika.errors import AioPikaAwayError, AioPikaTopologyError
from fastapi_chassis.plugins.aiopika.plugin import AioPikaPlugin
from fastapi_chassis.plugins.aiopika.transport import AioPikaTransport

__all__ = (
    "AioPikaAwayError",
    "AioPikaConfig",
    "AioPikaConnection",
    "AioPikaPlugin",
    "AioPikaTopologyError",
    "AioPikaTransport",
    "open_aiopika",
)
