"""The section of Redis: what it takes, what it refuses, and what it never shows."""

import pytest
from pydantic import ValidationError

from fastapi_chassis.config import EnvironmentEnum
from fastapi_chassis.plugins.redis import RedisConfig


def config(**settings: object) -> RedisConfig:
    return RedisConfig.model_validate(settings)


def test_defaults_reach_localhost_and_every_time_out_is_set() -> None:
    default = config()
    assert (default.address, default.database, default.scheme) == (("localhost", 6379), 0, "redis")
    assert (default.connect_timeout, default.command_timeout, default.health_check_interval) == (3, 5, 15)
    assert default.cache.on_failure == "miss"


@pytest.mark.parametrize(
    ("url", "address", "database", "place"),
    [
        ("redis://cache", ("cache", 6379), 0, "cache:6379/0"),
        ("redis://cache/", ("cache", 6379), 0, "cache:6379/0"),
        ("redis://u:p@cache:1/7", ("cache", 1), 7, "cache:1/7"),
        ("rediss://[::1]:2/3", ("::1", 2), 3, "::1:2/3"),
    ],
)
def test_addresses(url: str, address: tuple[str, int], database: int, place: str) -> None:
    found = config(url=url)
    assert (found.address, found.database, found.place) == (address, database, place)


def test_a_socket() -> None:
    found = config(url="unix:///run/a%20b/redis.sock")
    assert (found.scheme, found.socket_path, found.database) == ("unix", "/run/a b/redis.sock", 0)
    assert found.place == "socket /run/a b/redis.sock"


@pytest.mark.parametrize(
    ("settings", "login"),
    [
        ({}, (None, None)),
        ({"url": "redis://shop:p%40ss@h"}, ("shop", "p@ss")),
        ({"url": "redis://:p@h"}, (None, "p")),
        ({"url": "redis://a:b@h", "username": "c", "password": "d@/:"}, ("c", "d@/:")),
    ],
)
def test_who_logs_in(settings: dict[str, str], login: tuple[str | None, str | None]) -> None:
    assert config(**settings).login == login


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"url": "http://h"}, "expected redis://host"),
        ({"url": "cache:6379"}, "expected redis://host"),
        ({"url": "redis://h:port"}, "expected redis://host"),
        ({"url": "redis+sentinel://h"}, "Sentinel is not offered"),
        ({"url": "redis://h/zero"}, "number of a database"),
        ({"url": "rediss://h?ssl_cert_reqs=none"}, "a query in the url is not read"),
        ({"url": "unix://"}, "unix:///path"),
        ({"cluster": True, "url": "redis://h/1"}, "database 0 only"),
        ({"cluster": True, "url": "unix:///s"}, "cluster is reached by"),
        ({"tls": {"ca_file": "ca.pem"}}, "for rediss:// only"),
        ({"url": "rediss://h", "tls": {"cert_file": "c.pem"}}, "come together"),
        ({"protocol": 4}, "protocol"),
        ({"command_timeout": 0}, "command_timeout"),
        ({"connect_timeout": None}, "connect_timeout"),
        ({"sentinel": "h"}, "sentinel"),
        ({"cache": {"on_failure": "ignore"}}, "on_failure"),
    ],
)
def test_what_is_refused(settings: dict[str, object], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        config(**settings)


def test_production_wants_to_know_its_server() -> None:
    unverified = {"url": "rediss://h", "tls": {"verify": False}}
    assert not config(**unverified).tls.verify
    with pytest.raises(ValidationError, match="anybody may pass for the server"):
        RedisConfig.model_validate(unverified, context={"environment": EnvironmentEnum.PRODUCTION})


def test_no_password_shows() -> None:
    found = config(url="redis://shop:horse@h/0", password="battery")
    for shown in (repr(found), str(found), found.model_dump_json(), found.place):
        assert "horse" not in shown
        assert "battery" not in shown


def test_streams_are_off_and_a_cluster_can_not_wait_for_replicas() -> None:
    assert not RedisConfig().streams.enabled
    with pytest.raises(ValidationError, match="min-replicas-to-write"):
        RedisConfig.model_validate({"cluster": True, "streams": {"replicas": 1}})
