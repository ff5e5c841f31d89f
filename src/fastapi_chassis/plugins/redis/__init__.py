"""Redis and Valkey: client, cache, lock, rate limiter, repositories, messages on one server or cluster."""

from fastapi_chassis.domain import MissingExtraError

try:
    from fastapi_chassis.plugins.redis.client import RedisClient, RegisteredScript
except ModuleNotFoundError as missing:
    if missing.name != "redis":
        raise
    raise MissingExtraError("redis") from missing
from fastapi_chassis.plugins.redis.cache import RedisCache
from fastapi_chassis.plugins.redis.claim_check import RedisClaimCheckStore
from fastapi_chassis.plugins.redis.commands import RedisCommands
from fastapi_chassis.plugins.redis.config import RedisConfig
from fastapi_chassis.plugins.redis.connection import RedisAwayError, RedisConnection, open_redis
from fastapi_chassis.plugins.redis.errors import RedisCommandError
from fastapi_chassis.plugins.redis.idempotency import RedisIdempotencyStore
from fastapi_chassis.plugins.redis.lock import RedisLock
from fastapi_chassis.plugins.redis.pipeline import RedisPipeline
from fastapi_chassis.plugins.redis.plugin import RedisPlugin
from fastapi_chassis.plugins.redis.rate_limit import RedisRateLimiter
from fastapi_chassis.plugins.redis.repository import RedisRepository
from fastapi_chassis.plugins.redis.script import Script
from fastapi_chassis.plugins.redis.session import RedisSession
from fastapi_chassis.plugins.redis.store import RedisStore
from fastapi_chassis.plugins.redis.transport import RedisTransport
from fastapi_chassis.plugins.redis.unit_of_work import RedisUnitOfWork

__all__ = (
    "RedisAwayError",
    "RedisCache",
    "RedisClaimCheckStore",
    "RedisClient",
    "RedisCommandError",
    "RedisCommands",
    "RedisConfig",
    "RedisConnection",
    "RedisIdempotencyStore",
    "RedisLock",
    "RedisPipeline",
    "RedisPlugin",
    "RedisRateLimiter",
    "RedisRepository",
    "RedisSession",
    "RedisStore",
    "RedisTransport",
    "RedisUnitOfWork",
    "RegisteredScript",
    "Script",
    "open_redis",
)
