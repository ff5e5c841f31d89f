"""NatsConfig: where NATS is, who logs in, which stream carries messages, how patient the service is."""

import ssl
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from fastapi_chassis.config import ConfigModel, PluginConfig, SecretUrl, TlsConfig, Wait

type Token = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")]

_PORT = 4222
_SCHEMES = {"nats", "tls"}


class NatsTlsConfig(TlsConfig):
    """Certificates for `tls://`.

    Args:
        handshake_first: whether the server expects TLS before its first word.
    """

    handshake_first: bool = False


class NatsStreamConfig(ConfigModel):
    """The streams; services that talk share them. What exists is never changed.

    Args:
        name: of the stream; that of dead letters is called `<name>-dead`, that of leases `<name>-leases`.
        prefix: what each subject begins with; leases and members are below `<prefix>-leases` and
            `<prefix>-members`.
        dead_prefix: what the subjects of dead letters begin with.
        create: whether streams that are missing are made.
        partitions: how many parts a new stream has: one member of a group reads one; a key's messages
            lie in one.
        replicas: how many servers of a cluster keep each message.
        max_age: seconds for which messages are kept; 0 for ever.
        max_bytes: how many bytes are kept at most; -1 for any number.
        max_messages: how many messages are kept at most; -1 for any number.
        discard: what happens beyond that: `new` refuses messages, so that they wait in the outbox, `old`
            drops the oldest, read or not.
        duplicate_window: seconds for which the server knows a message that is sent again.
        dead_max_age: seconds for which dead letters are kept; 0 for ever.
    """

    name: Token = "integration-events"
    prefix: Token = "messages"
    dead_prefix: Token = "dead"
    create: bool = True
    partitions: Annotated[int, Field(ge=1, le=256)] = 6
    replicas: Annotated[int, Field(ge=1, le=5)] = 1
    max_age: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 7 * 86_400
    max_bytes: Annotated[int, Field(ge=-1)] = -1
    max_messages: Annotated[int, Field(ge=-1)] = -1
    discard: Literal["new", "old"] = "new"
    duplicate_window: Annotated[float, Field(ge=0.1, le=86_400)] = 120
    dead_max_age: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.max_age and self.duplicate_window > self.max_age:
            raise ValueError("duplicate_window must not be above max_age")
        if self.dead_prefix in {self.prefix, f"{self.prefix}-leases", f"{self.prefix}-members"}:
            raise ValueError("dead_prefix must differ from prefix")
        return self


class NatsConfig(PluginConfig):
    """One server or cluster of NATS 2.11 or later with JetStream; all times in seconds.

    Args:
        url: `nats://host:4222`, or `tls://` for TLS.
        username: who logs in; goes before the one in the url.
        password: as it is; goes before the one in the url.
        token: instead of both.
        tls: certificates, for `tls://`.
        stream: where the messages lie.
        held: how many messages a member holds at most that are not settled.
        ack_wait: when a message comes again whose holder fell silent.
        lease: when the parts of a member that fell silent go to others; whole seconds.
        connect_timeout: how long the server may take to accept a connection.
        request_timeout: how long it may take to answer.
        publish_timeout: how long it may take to confirm a batch; more counts as a server that is away.
        heartbeat: after how long without a sign of life a connection is dead.
        retry_backoff: the wait before the second attempt to connect at most; it doubles each time.
        longest_backoff: where that ends.
    """

    url: SecretUrl = SecretUrl("nats://localhost:4222")
    username: str = ""
    password: SecretStr = SecretStr("")
    token: SecretStr = SecretStr("")
    tls: NatsTlsConfig = Field(default_factory=NatsTlsConfig)
    stream: NatsStreamConfig = Field(default_factory=NatsStreamConfig)
    held: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    ack_wait: Annotated[float, Field(ge=1, le=3_600)] = 5
    lease: Annotated[int, Field(ge=3, le=3_600)] = 5
    connect_timeout: Wait = 3
    request_timeout: Wait = 3
    publish_timeout: Wait = 5
    heartbeat: Wait = 5
    retry_backoff: Wait = 0.2
    longest_backoff: Wait = 5

    @field_validator("url", mode="after")
    @classmethod
    def _known_scheme(cls, url: SecretUrl) -> SecretUrl:
        try:
            parts = urlsplit(url.get_secret_value())
            _ = parts.port
        except ValueError:
            raise ValueError("expected nats://host:4222") from None
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise ValueError("expected nats://host:4222 or tls://host:4222")
        if parts.query or parts.fragment or parts.path.strip("/"):
            raise ValueError("path and query of the url are not read: use the keys of this section")
        return url

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.uses_tls and self.tls != NatsTlsConfig():
            raise ValueError("tls holds for tls:// only: change the url, or leave tls out")
        username, password = self.login
        if bool(username) is not bool(password):
            raise ValueError("username and password come together")
        if username and self.token.get_secret_value():
            raise ValueError("log in by username and password, or by token")
        return self

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self._parts.scheme == "tls"

    @property
    def address(self) -> str:
        """The url without a login."""
        return f"{self._parts.scheme}://{self.place}"

    @property
    def login(self) -> tuple[str, str]:
        """Name and password, the keys before the url; empty without."""
        username = self.username or unquote(self._parts.username or "")
        return username, self.password.get_secret_value() or unquote(self._parts.password or "")

    @property
    def place(self) -> str:
        """The address as an operator may see it: no user, no password."""
        host = self._parts.hostname or "localhost"
        return f"{f'[{host}]' if ':' in host else host}:{self._parts.port or _PORT}"

    def tls_context(self) -> ssl.SSLContext | None:
        """Makes what checks certificates; None without TLS.

        Raises:
            OSError: a file can't be read, or is no certificate.
        """
        return self.tls.context() if self.uses_tls else None

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self.url.get_secret_value())
