"""TlsConfig: how a server proves who it is, and how the service does; the same keys for every vendor."""

import ssl
from pathlib import Path
from typing import Annotated, Self

from pydantic import model_validator

from fastapi_chassis.config.base import ConfigModel
from fastapi_chassis.config.production import ProductionRule

type TlsVerified = Annotated[
    bool,
    ProductionRule(
        lambda verifies: verifies is False, "anybody may pass for the server", "name its authority in ca_file"
    ),
]


class TlsConfig(ConfigModel):
    """Certificates of both sides.

    Args:
        ca_file: the authority that signed the server's certificate; without one, those of the system.
        cert_file: the service's own certificate, where the server asks for one.
        key_file: its key.
        verify: whether certificate and host name are checked.
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    verify: TlsVerified = True

    @model_validator(mode="after")
    def _certificate_has_a_key(self) -> Self:
        if (self.cert_file is None) is not (self.key_file is None):
            raise ValueError("cert_file and key_file come together")
        return self

    def context(self) -> ssl.SSLContext:
        """Makes what a connection checks by.

        Raises:
            OSError: a file can't be read, or is no certificate.
        """
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.cert_file is not None:
            context.load_cert_chain(self.cert_file, self.key_file)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context
