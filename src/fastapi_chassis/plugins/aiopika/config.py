"""AioPikaConfig: where RabbitMQ is, who logs in, and how patient the service is with it."""

import ssl
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, quote, unquote, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from fastapi_chassis.config import PluginConfig, SecretUrl, TlsConfig, Wait

type Name = Annotated[str, Field(min_length=1, max_length=200)]

_PORTS = {"amqp": 5672, "amqps": 5671}


class AioPikaConfig(PluginConfig):
    """One server or cluster of RabbitMQ 4; all times in seconds.

    Args:
        url: `amqp://host:5672/vhost`, or `amqps://` for TLS; the virtual host is `/` without a path.
        username: who logs in; goes before the one in the url.
        password: as it is; goes before the one in the url.
        tls: certificates, for `amqps://`.
        exchange: the topic exchange through which all messages go; services that talk share it.
        prefetch: how many messages a group's member holds at most, handled or waiting.
        unroutable: what becomes of a message that no queue takes: `known` refuses it if its destination has
            had a reader as far as this process knows, `refuse` always, `accept` never.
        connect_timeout: how long the server may take to accept a connection, and to answer a question.
        publish_timeout: how long it may take to confirm a batch.
        heartbeat: after how long without a sign of life a connection is dead; a whole number.
        retry_backoff: the wait before the second attempt to connect at most; it doubles each time.
        longest_backoff: where that ends.
    """

    url: SecretUrl = SecretUrl("amqp://guest:guest@localhost:5672/")
    username: str = ""
    password: SecretStr = SecretStr("")
    tls: TlsConfig = Field(default_factory=TlsConfig)
    exchange: Name = "integration-events"
    prefetch: Annotated[int, Field(ge=1, le=65_535)] = 500
    unroutable: Literal["known", "refuse", "accept"] = "known"
    connect_timeout: Wait = 5
    publish_timeout: Wait = 5
    heartbeat: Annotated[int, Field(ge=1, le=3_600)] = 10
    retry_backoff: Wait = 0.2
    longest_backoff: Wait = 5

    @field_validator("url", mode="after")
    @classmethod
    def _known_scheme(cls, url: SecretUrl) -> SecretUrl:
        try:
            parts = urlsplit(url.get_secret_value())
            _ = parts.port
        except ValueError:
            raise ValueError("expected amqp://host:5672/vhost") from None
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("expected amqp://host:5672/vhost or amqps://host:5671/vhost")
        if parts.query or parts.fragment:
            raise ValueError("a query in the url is not read: use the keys of this section")
        if "/" in parts.path[1:]:
            raise ValueError("the path of the url is one virtual host: write a slash in its name as %2F")
        return url

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self._parts.scheme != "amqps" and self.tls != TlsConfig():
            raise ValueError("tls holds for amqps:// only: change the url, or leave tls out")
        return self

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self._parts.scheme == "amqps"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self._parts.hostname or "localhost", self._parts.port or _PORTS[self._parts.scheme]

    @property
    def login(self) -> tuple[str, str]:
        """Name and password, the keys before the url."""
        username = self.username or unquote(self._parts.username or "") or "guest"
        return username, self.password.get_secret_value() or unquote(self._parts.password or "") or "guest"

    @property
    def virtual_host(self) -> str:
        """The virtual host."""
        return unquote(self._parts.path[1:]) or "/"

    @property
    def place(self) -> str:
        """The address as an operator may see it: no user, no password."""
        host, port = self.address
        return f"{host}:{port}, virtual host {self.virtual_host}"

    def login_url(self, name: str) -> str:
        """Writes the url as the library wants it, with login and heartbeat; it is a secret.

        Args:
            name: what the server's operator sees of the connection.
        """
        host, port = self.address
        login = ":".join(quote(one, safe="") for one in self.login)
        shown = f"[{host}]" if ":" in host else host
        path = quote(self.virtual_host, safe="")
        query = f"heartbeat={self.heartbeat}&name={quote(name, safe='')}"
        return f"{self._parts.scheme}://{login}@{shown}:{port}/{path}?{query}"

    def tls_context(self) -> ssl.SSLContext | None:
        """Makes what checks certificates; None without TLS."""
        return self.tls.context() if self.uses_tls else None

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self.url.get_secret_value())
