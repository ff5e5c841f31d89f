"""What redis-py is told: every time-out, and no attempt of its own."""

import pytest
from redis.asyncio import Redis, RedisCluster, SSLConnection, UnixDomainSocketConnection

from fastapi_chassis.plugins.redis import RedisConfig
from fastapi_chassis.plugins.redis.driver import create_handle

SETTINGS = {"connect_timeout": 1.5, "command_timeout": 2.5, "health_check_interval": 3.5}


def options_of(**settings: object) -> tuple[type, dict[str, object]]:
    handle = create_handle(RedisConfig.model_validate({**SETTINGS, **settings}))
    if isinstance(handle, RedisCluster):
        return RedisCluster, handle.connection_kwargs
    assert isinstance(handle, Redis)
    return handle.connection_pool.connection_class, handle.connection_pool.connection_kwargs


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "redis://h/2"},
        {"url": "rediss://h"},
        {"url": "unix:///s"},
        {"url": "redis://h", "cluster": True},
        {"url": "rediss://h", "cluster": True},
    ],
    ids=str,
)
def test_every_way_has_every_time_out(settings: dict[str, object]) -> None:
    _, options = options_of(**settings)
    assert options["socket_connect_timeout"] == 1.5
    assert options["socket_timeout"] == 2.5
    assert options["health_check_interval"] == 3.5
    if settings["url"] != "unix:///s":
        assert options["socket_keepalive"] is True


def test_the_kind_of_connection_follows_the_url() -> None:
    assert options_of(url="rediss://h")[0] is SSLConnection
    kind, options = options_of(url="unix:///a%20b")
    assert (kind, options["path"]) == (UnixDomainSocketConnection, "/a b")
    assert options_of(url="redis://h/2")[1]["db"] == 2


@pytest.mark.parametrize(("verify", "expected"), [(True, ("required", True)), (False, ("none", False))])
def test_certificates_are_checked_unless_that_is_off(verify: bool, expected: tuple[str, bool]) -> None:
    tls = {"verify": verify, "ca_file": "/ca.pem", "cert_file": "/c.pem", "key_file": "/k.pem"}
    _, options = options_of(url="rediss://h", tls=tls)
    assert (options["ssl_cert_reqs"], options["ssl_check_hostname"]) == expected
    assert (options["ssl_ca_certs"], options["ssl_certfile"], options["ssl_keyfile"]) == (
        "/ca.pem",
        "/c.pem",
        "/k.pem",
    )
