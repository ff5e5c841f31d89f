from pathlib import Path

import pytest
from pydantic import ValidationError

from fastapi_chassis.config import EnvironmentEnum
from fastapi_chassis.plugins.kafka import KafkaConfig
from fastapi_chassis.testing.backends.certificates import make_certificates


def test_servers_are_one_or_several() -> None:
    assert KafkaConfig.model_validate({"bootstrap_servers": "a:1, b:2"}).bootstrap_servers == ("a:1", "b:2")
    assert KafkaConfig.model_validate({"bootstrap_servers": ["a:1"]}).place == "a:1"


@pytest.mark.parametrize(
    "settings",
    [
        {"bootstrap_servers": "kafka://a:1"},
        {"bootstrap_servers": "a"},
        {"username": "ann"},
        {"password": "horse"},
        {"publish_timeout": 1, "request_timeout": 2},
        {"tls": {"cert_file": "a.pem"}},
        {"topics": {"partitions": 0}},
    ],
)
def test_what_can_not_work_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as told:
        KafkaConfig.model_validate(settings)
    assert "horse" not in str(told.value)


def test_the_password_is_not_shown() -> None:
    config = KafkaConfig.model_validate({"username": "ann", "password": "horse"})
    assert "horse" not in repr(config)


def test_tls_is_spoken_where_it_is_asked_for(tmp_path: Path) -> None:
    make_certificates(tmp_path, "client")
    own = {"cert_file": tmp_path / "client.pem", "key_file": tmp_path / "client.key"}
    assert KafkaConfig().tls_context() is None
    assert KafkaConfig.model_validate({"tls": {"verify": False}}).tls_context() is None
    for asked in ({"enabled": True}, {"ca_file": tmp_path / "ca.pem"}, own):
        assert KafkaConfig.model_validate({"tls": asked}).tls_context() is not None


def test_production_wants_certificates_checked() -> None:
    unverified = {"tls": {"enabled": True, "verify": False}}
    assert not KafkaConfig.model_validate(unverified).tls.verify
    with pytest.raises(ValidationError, match="anybody may pass for the server"):
        KafkaConfig.model_validate(unverified, context={"environment": EnvironmentEnum.PRODUCTION})
