import ssl
from pathlib import Path

import pytest
from pydantic import ValidationError

from fastapi_chassis.config import EnvironmentEnum, TlsConfig
from fastapi_chassis.testing.backends.certificates import make_certificates


def test_certificate_and_name_are_checked_unless_it_is_told_not_to() -> None:
    checking, trusting = TlsConfig().context(), TlsConfig(verify=False).context()
    assert (checking.check_hostname, checking.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert (trusting.check_hostname, trusting.verify_mode) == (False, ssl.CERT_NONE)


def test_the_files_are_read(tmp_path: Path) -> None:
    make_certificates(tmp_path, "client")
    own = {"cert_file": tmp_path / "client.pem", "key_file": tmp_path / "client.key"}
    context = TlsConfig(ca_file=tmp_path / "ca.pem", **own).context()
    assert [one["subject"] for one in context.get_ca_certs()] == [context.get_ca_certs()[0]["issuer"]]
    for missing in ("ca_file", "cert_file"):
        with pytest.raises(OSError, match="No such file"):
            TlsConfig(**{**own, missing: tmp_path / "none.pem"}).context()


@pytest.mark.parametrize("alone", ["cert_file", "key_file"])
def test_a_certificate_has_a_key(alone: str) -> None:
    with pytest.raises(ValidationError, match="come together"):
        TlsConfig.model_validate({alone: "a.pem"})


@pytest.mark.parametrize(
    ("environment", "is_refused"), [(EnvironmentEnum.PRODUCTION, True), (EnvironmentEnum.DEVELOPMENT, False)]
)
def test_production_wants_to_know_its_server(environment: EnvironmentEnum, is_refused: bool) -> None:
    settings, context = {"verify": False}, {"environment": environment}
    if is_refused:
        with pytest.raises(ValidationError, match="anybody may pass for the server"):
            TlsConfig.model_validate(settings, context=context)
    else:
        assert not TlsConfig.model_validate(settings, context=context).verify
    assert TlsConfig.model_validate({}, context=context).verify
