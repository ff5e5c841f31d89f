"""ODMConfig: where MongoDB is, and how patient the service is with it."""

from pathlib import Path
from typing import Annotated, Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from fastapi_chassis.config import ConfigModel, PluginConfig, SecretUrl, TlsVerified, Wait

DATABASE = "service"
_SCHEMES = {"mongodb", "mongodb+srv"}
_UNVERIFIED = {"tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames"}


class ODMTlsConfig(ConfigModel):
    """How the server proves who it is, and how the service does.

    Args:
        enabled: whether TLS is spoken; `mongodb+srv://` and `?tls=true` in the url ask for it as well.
        ca_file: the authority that signed the server's certificate; without one, those of the system.
        certificate_key_file: the service's own certificate and its key in one file, where the server asks.
        certificate_key_password: opens the key.
        verify: whether certificate and host name are checked.
    """

    enabled: bool = False
    ca_file: Path | None = None
    certificate_key_file: Path | None = None
    certificate_key_password: SecretStr = SecretStr("")
    verify: TlsVerified = True


class ODMConfig(PluginConfig):
    """One MongoDB, or what speaks its protocol; all times in seconds.

    Args:
        url: `mongodb://host:27017`, `mongodb://one,two,three/?replicaSet=rs0` or `mongodb+srv://host`.
        username: who logs in; goes before the one in the url.
        password: as it is; goes before the one in the url.
        database: its name; goes before the path of the url. `service` where neither says one.
        tls: certificates.
        pool_size: connections at most.
        connect_timeout: how long the server may take to accept a connection.
        selection_timeout: how long a command waits for a server that can take it.
        command_timeout: how long a command may take in all: the wait for a connection, the server's work
            and one more try.
        lock_timeout: how long a write waits for another one of the same process.
        heartbeat: how often each server is asked whether it is there.
        application_name: how the server lists these connections.
        create_indexes: whether indexes are made at start; None means in development and test only.
        index_timeout: how long making them may take.
    """

    url: SecretUrl = SecretUrl("mongodb://localhost:27017")
    username: str = ""
    password: SecretStr = SecretStr("")
    database: Annotated[str, Field(max_length=63, pattern=r'^[^/\\. "$*<>:|?\x00]*$')] = ""
    tls: ODMTlsConfig = Field(default_factory=ODMTlsConfig)
    pool_size: Annotated[int, Field(ge=1, le=1_000)] = 50
    connect_timeout: Wait = 3
    selection_timeout: Wait = 3
    command_timeout: Wait = 10
    lock_timeout: Wait = 5
    heartbeat: Annotated[float, Field(ge=0.5, le=3_600, allow_inf_nan=False)] = 5
    application_name: Annotated[str, Field(max_length=128)] = "fastapi-chassis"
    create_indexes: bool | None = None
    index_timeout: Wait = 600

    @field_validator("url", mode="after")
    @classmethod
    def _known_scheme(cls, url: SecretUrl) -> SecretUrl:
        try:
            parts = urlsplit(url.get_secret_value())
        except ValueError:
            raise ValueError("expected mongodb://host:27017") from None
        if parts.scheme not in _SCHEMES or not parts.netloc.rpartition("@")[2]:
            raise ValueError("expected mongodb://host:27017, mongodb://one,two,three or mongodb+srv://host")
        if _UNVERIFIED & {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}:
            raise ValueError("say tls.verify: false instead, which production refuses")
        return url

    @model_validator(mode="after")
    def _name_and_password(self) -> Self:
        if self.password.get_secret_value() and not self.username:
            raise ValueError("password comes together with username")
        return self

    @property
    def database_name(self) -> str:
        """Which database it is."""
        return self.database or unquote(self._parts.path.strip("/")) or DATABASE

    @property
    def place(self) -> str:
        """The address as an operator may see it: no user, no password."""
        return f"{self._parts.netloc.rpartition('@')[2]}/{self.database_name}"

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self.url.get_secret_value())
