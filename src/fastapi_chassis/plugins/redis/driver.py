"""The driver: the options of redis-py that follow from the configuration, every time-out among them."""

import ssl
from typing import Any

from redis.asyncio import ConnectionPool, Redis, RedisCluster, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig

from fastapi_chassis.plugins.redis.config import RedisConfig


def create_handle(config: RedisConfig) -> Redis | RedisCluster:
    """Makes the client of a server or cluster; nothing is connected yet."""
    return _cluster(config) if config.cluster else _server(config)


def _server(config: RedisConfig) -> Redis:
    options: dict[str, Any] = _options(config) | {
        "db": config.database,
        "max_connections": 2 * config.pool_size,
    }
    if config.scheme == "unix":
        options |= {"connection_class": UnixDomainSocketConnection, "path": config.socket_path}
        del options["socket_keepalive"]
    else:
        host, port = config.address
        options |= {"host": host, "port": port}
        if config.scheme == "rediss":
            options |= {"connection_class": SSLConnection}
    return Redis.from_pool(ConnectionPool(**options))


def _cluster(config: RedisConfig) -> RedisCluster:
    host, port = config.address
    options: dict[str, Any] = _options(config) | {"ssl": config.scheme == "rediss"}
    return RedisCluster(host=host, port=port, max_connections=2 * config.pool_size, **options)


def _options(config: RedisConfig) -> dict[str, Any]:
    username, password = config.login
    return {
        "username": username,
        "password": password,
        "protocol": config.protocol,
        "socket_connect_timeout": config.connect_timeout,
        "socket_timeout": config.command_timeout,
        "socket_keepalive": config.keepalive,
        "health_check_interval": config.health_check_interval,
        # a command that was sent may have run: who may send it again is decided in `run`
        "retry": Retry(NoBackoff(), 0),
        "driver_info": None,  # two ways to the server less for each connection
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        **(_tls(config) if config.scheme == "rediss" else {}),
    }


def _tls(config: RedisConfig) -> dict[str, Any]:
    files = {
        "ssl_ca_certs": config.tls.ca_file,
        "ssl_certfile": config.tls.cert_file,
        "ssl_keyfile": config.tls.key_file,
    }
    return {
        **{name: str(file) for name, file in files.items() if file is not None},
        "ssl_cert_reqs": "required" if config.tls.verify else "none",
        "ssl_check_hostname": config.tls.verify,
        "ssl_min_version": ssl.TLSVersion.TLSv1_2,
    }
