"""RedisConfig: where Redis or Valkey is, how patient the service is with it, and what happens without it."""

from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from fastapi_chassis.config import ConfigModel, PluginConfig, SecretUrl, TlsConfig, Wait

_SCHEMES = {"redis", "rediss", "unix"}


class RedisCacheConfig(ConfigModel):
    """The cache.

    Args:
        on_failure: what callers meet while the server is away: `miss`, as if nothing were kept, or `raise`.
        failures: how many failures in a row make the cache leave the server alone.
        retry_after: seconds for which it does so.
    """

    on_failure: Literal["miss", "raise"] = "miss"
    failures: Annotated[int, Field(ge=1, le=1_000)] = 3
    retry_after: Wait = 1


class RedisRateLimitConfig(ConfigModel):
    """The rate limiter.

    Args:
        on_failure: what callers meet while the server is away: `open` has each process count for itself,
            `closed` lets nobody pass.
        timeout: seconds that counting may take; more is as bad as a server that is away.
        failures: how many failures in a row make the limiter leave the server alone.
        retry_after: seconds for which it does so.
    """

    on_failure: Literal["open", "closed"] = "open"
    timeout: Wait = 0.5
    failures: Annotated[int, Field(ge=1, le=1_000)] = 3
    retry_after: Wait = 1


class RedisStreamsConfig(ConfigModel):
    """The service's messages; services that talk share the streams, whatever their own prefix.

    Args:
        enabled: whether messages travel over Redis.
        prefix: what the keys of the streams begin with.
        partitions: how many streams there are where none were yet: one member of a group reads one; a key's
            messages lie in one.
        held: how many messages a member holds at most that are not settled.
        lease: seconds after which the streams of a member that fell silent go to others.
        publish_timeout: seconds in which a batch is confirmed, or the server counts as away.
        replicas: how many replicas must have a batch before it is confirmed; not in a cluster.
        keep: seconds for which messages are kept after every group has settled them.
        max_length: how many messages one stream holds before it refuses more; 0 for any number.
        dead_max_age: seconds for which dead letters are kept; 0 for ever.
    """

    enabled: bool = False
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,100}$")] = "messages:"
    partitions: Annotated[int, Field(ge=1, le=256)] = 6
    held: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    lease: Annotated[float, Field(ge=1, le=3_600)] = 5
    publish_timeout: Wait = 5
    replicas: Annotated[int, Field(ge=0, le=10)] = 0
    keep: Annotated[float, Field(ge=0, le=31_536_000)] = 3_600
    max_length: Annotated[int, Field(ge=0)] = 1_000_000
    dead_max_age: Annotated[float, Field(ge=0, le=315_360_000)] = 0


class RedisClaimCheckConfig(ConfigModel):
    """Large payloads of messages; services that talk share them, whatever their own prefix.

    Args:
        enabled: whether `messaging.claim_check` leaves them here, and finds them here.
        prefix: what their keys begin with.
    """

    enabled: bool = False
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,100}$")] = "claim-checks:"


class RedisConfig(PluginConfig):
    """One server or cluster; all times in seconds. Sentinel is not offered.

    Args:
        url: `redis://host:6379/0`, `rediss://` for TLS, or `unix:///path/to/socket`.
        username: who logs in; goes before the one in the url.
        password: as it is; goes before the one in the url.
        prefix: what every key begins with; empty means the service's name and a colon.
        cluster: whether the url names a node of a cluster.
        tls: certificates, for `rediss://`.
        protocol: the version of the Redis protocol, 2 for servers before 6.
        pool_size: how many commands are under way at once.
        pool_timeout: how long a command waits for its turn.
        connect_timeout: how long the server may take to accept a connection.
        command_timeout: how long it may take to answer.
        health_check_interval: after how long without use a connection is tried before its next command.
        keepalive: whether the system looks for connections whose other end is gone.
        retries: how often a command that changes nothing more when it runs twice is sent again.
        retry_backoff: the wait before the second attempt at most; it doubles each time.
        cache: the cache.
        rate_limit: the rate limiter.
        streams: the service's messages.
        claim_checks: large payloads of messages.
    """

    url: SecretUrl = SecretUrl("redis://localhost:6379/0")
    username: str = ""
    password: SecretStr = SecretStr("")
    prefix: str = ""
    cluster: bool = False
    tls: TlsConfig = Field(default_factory=TlsConfig)
    protocol: Literal[2, 3] = 3
    pool_size: Annotated[int, Field(ge=1, le=10_000)] = 50
    pool_timeout: Wait = 2
    connect_timeout: Wait = 3
    command_timeout: Wait = 5
    health_check_interval: Wait = 15
    keepalive: bool = True
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    retry_backoff: Wait = 0.1
    cache: RedisCacheConfig = Field(default_factory=RedisCacheConfig)
    rate_limit: RedisRateLimitConfig = Field(default_factory=RedisRateLimitConfig)
    streams: RedisStreamsConfig = Field(default_factory=RedisStreamsConfig)
    claim_checks: RedisClaimCheckConfig = Field(default_factory=RedisClaimCheckConfig)

    @field_validator("url", mode="after")
    @classmethod
    def _known_scheme(cls, url: SecretUrl) -> SecretUrl:
        try:
            parts = urlsplit(url.get_secret_value())
            _ = parts.port
        except ValueError:
            raise ValueError("expected redis://host:6379/0") from None
        if "sentinel" in parts.scheme:
            raise ValueError("Sentinel is not offered: name the server, or a node of a cluster")
        if parts.scheme not in _SCHEMES:
            raise ValueError("expected redis://host:6379/0, rediss://host:6379/0 or unix:///path/to/socket")
        if parts.query and parts.scheme != "unix":
            raise ValueError("a query in the url is not read: use the keys of this section")
        if parts.scheme != "unix" and not _database(parts).isdigit():
            raise ValueError("the path of the url is the number of a database, as in redis://host:6379/0")
        if parts.scheme == "unix" and not parts.path:
            raise ValueError("expected unix:///path/to/socket")
        return url

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.cluster and (self.scheme == "unix" or self.database):
            raise ValueError("a cluster is reached by redis:// or rediss://, and has database 0 only")
        if self.cluster and self.streams.replicas:
            raise ValueError("a cluster waits for replicas by min-replicas-to-write of its nodes")
        if self.scheme != "rediss" and self.tls != TlsConfig():
            raise ValueError("tls holds for rediss:// only: change the url, or leave tls out")
        return self

    @property
    def scheme(self) -> str:
        """`redis`, `rediss` or `unix`."""
        return self._parts.scheme

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self._parts.hostname or "localhost", self._parts.port or 6379

    @property
    def socket_path(self) -> str:
        """The path of a unix socket."""
        return unquote(self._parts.path)

    @property
    def database(self) -> int:
        """The number of the database."""
        return 0 if self.scheme == "unix" else int(_database(self._parts))

    @property
    def login(self) -> tuple[str | None, str | None]:
        """Name and password, the keys before the url."""
        username = self.username or unquote(self._parts.username or "")
        password = self.password.get_secret_value() or unquote(self._parts.password or "")
        return username or None, password or None

    @property
    def place(self) -> str:
        """The address as an operator may see it: no user, no password."""
        if self.scheme == "unix":
            return f"socket {self.socket_path}"
        host, port = self.address
        return f"cluster at {host}:{port}" if self.cluster else f"{host}:{port}/{self.database}"

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self.url.get_secret_value())


def _database(parts: SplitResult) -> str:
    return parts.path.strip("/") or "0"
