"""The section of NATS refuses what can't work, and shows no secret."""

import ssl
from pathlib import Path

import pytest
from pydantic import ValidationError

from fastapi_chassis.config import EnvironmentEnum
from fastapi_chassis.plugins.nats import NatsConfig
from fastapi_chassis.testing.backends.certificates import make_certificates


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "http://a"},
        {"url": "nats://"},
        {"url": "nats://a:horse"},
        {"url": "nats://a/b"},
        {"url": "nats://a?b=c"},
        {"username": "ann"},
        {"password": "horse"},
        {"username": "ann", "password": "horse", "token": "horse"},
        {"url": "nats://ann:horse@a", "token": "horse"},
        {"tls": {"ca_file": "a.pem"}},
        {"url": "tls://a", "tls": {"cert_file": "a.pem"}},
        {"stream": {"name": "with.dot"}},
        {"stream": {"prefix": "any*"}},
        {"stream": {"prefix": "same", "dead_prefix": "same"}},
        {"stream": {"partitions": 0}},
        {"stream": {"max_age": 10, "duplicate_window": 20}},
        {"lease": 1},
    ],
)
def test_what_can_not_work_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as told:
        NatsConfig.model_validate(settings)
    assert "horse" not in str(told.value)


def test_secrets_are_not_shown() -> None:
    for settings in (
        {"username": "ann", "password": "horse"},
        {"token": "horse"},
        {"url": "nats://ann:horse@a"},
    ):
        config = NatsConfig.model_validate(settings)
        assert "horse" not in repr(config)
        assert "horse" not in config.place
        assert "horse" not in config.address


def test_the_keys_go_before_the_url() -> None:
    config = NatsConfig.model_validate({"url": "nats://ann:h%40rse@[::1]"})
    assert config.login == ("ann", "h@rse")
    assert config.place == "[::1]:4222"
    config = NatsConfig.model_validate({"url": "nats://ann:a@b:1", "username": "bob", "password": "c"})
    assert (config.login, config.address) == (("bob", "c"), "nats://b:1")


def test_tls_is_spoken_where_it_is_asked_for(tmp_path: Path) -> None:
    make_certificates(tmp_path, "client")
    assert NatsConfig().tls_context() is None
    files = {"ca_file": "ca.pem", "cert_file": "client.pem", "key_file": "client.key"}
    tls = {name: tmp_path / file for name, file in files.items()}
    context = NatsConfig.model_validate({"url": "tls://a", "tls": tls}).tls_context()
    assert context is not None
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    lax = NatsConfig.model_validate({"url": "tls://a", "tls": {"verify": False}}).tls_context()
    assert lax is not None
    assert lax.verify_mode is ssl.CERT_NONE


def test_production_wants_certificates_checked() -> None:
    unverified = {"url": "tls://a", "tls": {"verify": False}}
    with pytest.raises(ValidationError, match="anybody may pass for the server"):
        NatsConfig.model_validate(unverified, context={"environment": EnvironmentEnum.PRODUCTION})
