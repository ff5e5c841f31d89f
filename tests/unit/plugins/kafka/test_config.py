from pathlib import Path

import pytest
from pydantic import ValidationError

from fastapi_chassis.config import ProductionRule
from fastapi_chassis.plugins.kafka import KafkaConfig
from fastapi_chassis.plugins.kafka.config import KafkaTlsConfig
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
    assert KafkaTlsConfig().context() is None
    assert KafkaTlsConfig(enabled=True).context() is not None
    files = {
        name: tmp_path / f"client.{ending}" for name, ending in (("cert_file", "pem"), ("key_file", "key"))
    }
    context = KafkaTlsConfig(ca_file=tmp_path / "ca.pem", **files).context()
    assert context is not None
    assert context.check_hostname
    unchecked = KafkaTlsConfig(enabled=True, verify=False).context()
    assert unchecked is not None
    assert not unchecked.check_hostname


def test_production_wants_certificates_checked() -> None:
    (rule,) = [
        one for one in KafkaTlsConfig.model_fields["verify"].metadata if isinstance(one, ProductionRule)
    ]
    assert rule is not None
