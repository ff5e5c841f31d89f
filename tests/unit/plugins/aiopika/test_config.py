"""The section of RabbitMQ: what it takes, what it refuses, and what it never shows."""

import ssl

import pytest
from pydantic import ValidationError
from yarl import URL

from fastapi_chassis.plugins.aiopika import AioPikaConfig


def config(**settings: object) -> AioPikaConfig:
    return AioPikaConfig.model_validate(settings)


def test_defaults_reach_localhost_and_every_time_out_is_set() -> None:
    default = config()
    assert (default.address, default.virtual_host, default.login) == (
        ("localhost", 5672),
        "/",
        ("guest", "guest"),
    )
    assert (default.connect_timeout, default.publish_timeout, default.heartbeat) == (5, 5, 10)
    assert default.tls_context() is None


@pytest.mark.parametrize(
    ("url", "address", "virtual_host"),
    [
        ("amqp://broker", ("broker", 5672), "/"),
        ("amqps://broker/", ("broker", 5671), "/"),
        ("amqp://u:p@broker:1/shop", ("broker", 1), "shop"),
        ("amqp://[::1]:2/%2Fshop%20a", ("::1", 2), "/shop a"),
    ],
)
def test_addresses(url: str, address: tuple[str, int], virtual_host: str) -> None:
    found = config(url=url)
    assert (found.address, found.virtual_host) == (address, virtual_host)
    assert (URL(found.login_url("x")).host, URL(found.login_url("x")).port) == address
    assert URL(found.login_url("x")).path[1:].replace("%2F", "/") == virtual_host


@pytest.mark.parametrize(
    ("settings", "login"),
    [
        ({"url": "amqp://shop:p%40ss@h"}, ("shop", "p@ss")),
        ({"url": "amqp://a:b@h", "username": "c", "password": "d@/:%?#"}, ("c", "d@/:%?#")),
    ],
)
def test_who_logs_in(settings: dict[str, str], login: tuple[str, str]) -> None:
    found = config(**settings)
    assert found.login == login
    read = URL(found.login_url("shop publishes"))
    assert (read.user, read.password) == login
    assert dict(read.query) == {"heartbeat": "10", "name": "shop publishes"}


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"url": "http://h"}, "expected amqp://host"),
        ({"url": "broker:5672"}, "expected amqp://host"),
        ({"url": "amqp://h:port"}, "expected amqp://host"),
        ({"url": "amqp://h/a/b"}, "one virtual host"),
        ({"url": "amqp://h/?heartbeat=1"}, "a query in the url is not read"),
        ({"tls": {"ca_file": "/ca.pem"}}, "amqps:// only"),
        ({"url": "amqps://h", "tls": {"cert_file": "/a.pem"}}, "come together"),
        ({"exchange": ""}, "at least 1 character"),
        ({"unroutable": "perhaps"}, "'known', 'refuse' or 'accept'"),
        ({"heartbeat": 0}, "greater than or equal to 1"),
    ],
)
def test_what_does_not_fit_is_refused(settings: dict[str, object], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        config(**settings)


def test_the_password_is_never_shown() -> None:
    found = config(url="amqp://shop:horse@h/v", password="battery")
    for shown in (repr(found), str(found), found.place, str(found.model_dump())):
        assert "horse" not in shown
        assert "battery" not in shown


def test_tls_checks_certificate_and_name_unless_it_is_told_not_to() -> None:
    checking = config(url="amqps://h").tls_context()
    assert checking is not None
    assert (checking.check_hostname, checking.verify_mode) == (True, ssl.CERT_REQUIRED)
    trusting = config(url="amqps://h", tls={"verify": False}).tls_context()
    assert trusting is not None
    assert (trusting.check_hostname, trusting.verify_mode) == (False, ssl.CERT_NONE)
