"""RedisPlugin: Redis or Valkey as part of an application."""

from contextlib import aclosing
from typing import ClassVar, override

from fastapi_chassis.app import PluginAbstract, PluginContext
from fastapi_chassis.caching import Cache, Lock
from fastapi_chassis.messaging import ClaimCheckStore, Transport
from fastapi_chassis.plugins.redis.cache import RedisCache
from fastapi_chassis.plugins.redis.claim_check import RedisClaimCheckStore
from fastapi_chassis.plugins.redis.client import RedisClient
from fastapi_chassis.plugins.redis.config import RedisConfig
from fastapi_chassis.plugins.redis.connection import RedisConnection, open_redis
from fastapi_chassis.plugins.redis.health import Observed, ping
from fastapi_chassis.plugins.redis.lock import RedisLock
from fastapi_chassis.plugins.redis.rate_limit import RedisRateLimiter
from fastapi_chassis.plugins.redis.store import RedisStore
from fastapi_chassis.plugins.redis.transport import RedisTransport
from fastapi_chassis.resilience import RateLimiter

_READERS = 10_000  # each waits on a connection of its own


class RedisPlugin(PluginAbstract[RedisConfig]):
    """Opens the server or cluster, and lends it as client, cache, lock, rate limiter, store and transport.

    Args:
        config: its section, checked.
        instance: the section's name; the plugin's own name unless two servers are configured.
    """

    name = "redis"
    config_type = RedisConfig
    provides: ClassVar[tuple[type, ...]] = (RedisClient, Cache, Lock, RateLimiter)

    def __init__(self, config: RedisConfig, *, instance: str = "") -> None:
        super().__init__(config, instance=instance)
        self.client = RedisClient(RedisConnection(config))
        asked = ((Transport, config.streams.enabled), (ClaimCheckStore, config.claim_checks.enabled))
        also = tuple(port for port, is_enabled in asked if is_enabled)
        setattr(self, "provides", (*self.provides, *also))  # noqa: B010 - of the class until now

    @override
    def store(self) -> RedisStore:
        """Returns the store that modules may be kept in; it carries no messages."""
        return RedisStore(self.client)

    @override
    async def start(self, context: PluginContext) -> None:
        """Opens the connection; where Redis is not required, also while it is away.

        Raises:
            RedisAwayError: it is required, and can't be reached.
        """
        self.client.prefix = self.config.prefix or f"{context.config.service.name}:"
        connection = await context.enter(open_redis(self.client.connection, required=self.config.required))
        context.provide(RedisClient, self.client)
        context.provide(Cache, RedisCache(self.client))  # type: ignore[type-abstract]  # a port
        context.provide(Lock, RedisLock(self.client))  # type: ignore[type-abstract]  # a port
        context.provide(RateLimiter, RedisRateLimiter(self.client))  # type: ignore[type-abstract]  # a port
        if self.config.claim_checks.enabled:
            context.provide(ClaimCheckStore, RedisClaimCheckStore(connection))  # type: ignore[type-abstract]  # a port
        transport = await self._transport(context) if self.config.streams.enabled else None
        context.health(self.instance, ping, Observed(connection, transport))

    async def _transport(self, context: PluginContext) -> RedisTransport:
        consuming = RedisConnection(self.config.model_copy(update={"pool_size": _READERS}))
        await context.enter(open_redis(consuming, required=self.config.required))
        transport = await context.enter(aclosing(RedisTransport(self.client.connection, consuming)))
        context.provide(Transport, transport)  # type: ignore[type-abstract]  # a port
        return transport
