"""KafkaConfig: where Kafka is, how patient the service is with it, and how topics are made."""

import ssl
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from fastapi_chassis.config import ConfigModel, PluginConfig, TlsConfig, Wait


class KafkaTlsConfig(TlsConfig):
    """Certificates.

    Args:
        enabled: whether TLS is spoken; a file asks for it as well.
    """

    enabled: bool = False


class KafkaTopicConfig(ConfigModel):
    """The topics that the service makes.

    Args:
        create: whether topics that are missing are made; None means in development and test only.
        partitions: how many each gets: a key's messages lie in one.
        replication: how many brokers keep each; -1 for what the brokers say.
    """

    create: bool | None = None
    partitions: Annotated[int, Field(ge=1, le=10_000)] = 6
    replication: Annotated[int, Field(ge=-1, le=100)] = -1


class KafkaConfig(PluginConfig):
    """One cluster; all times in seconds.

    Args:
        bootstrap_servers: `host:9092`, one or several.
        username: who logs in, by SASL.
        password: as it is.
        sasl: by which mechanism.
        tls: certificates.
        client_id: how the brokers list these connections; empty means the service's name.
        request_timeout: how long a broker may take to answer.
        publish_timeout: how long a batch may take to be confirmed; more counts as a broker that is away.
        batch_bytes: how many bytes travel together at most, to one partition.
        session_timeout: when a member that fell silent loses its partitions.
        commit_interval: how often progress is told; after a crash, at most so much comes again.
        held: how many messages a member holds at most that are not settled.
        topics: the topics that are made.
    """

    bootstrap_servers: tuple[Annotated[str, Field(pattern=r"^[^\s/,]+:\d{1,5}$")], ...] = ("localhost:9092",)
    username: str = ""
    password: SecretStr = SecretStr("")
    sasl: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    tls: KafkaTlsConfig = Field(default_factory=KafkaTlsConfig)
    client_id: str = ""
    request_timeout: Wait = 5
    publish_timeout: Wait = 10
    batch_bytes: Annotated[int, Field(ge=1_024, le=16_777_216)] = 524_288
    session_timeout: Annotated[float, Field(ge=1, le=300)] = 10
    commit_interval: Annotated[float, Field(ge=0.01, le=60)] = 0.2
    held: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    topics: KafkaTopicConfig = Field(default_factory=KafkaTopicConfig)

    @field_validator("bootstrap_servers", mode="before")
    @classmethod
    def _one_or_several(cls, given: object) -> object:
        return [part.strip() for part in given.split(",")] if isinstance(given, str) else given

    @model_validator(mode="after")
    def _name_and_password(self) -> Self:
        if bool(self.password.get_secret_value()) is not bool(self.username):
            raise ValueError("username and password come together")
        return self

    @model_validator(mode="after")
    def _batches_outlast_requests(self) -> Self:
        if self.publish_timeout < self.request_timeout:
            raise ValueError("publish_timeout must not be below request_timeout")
        return self

    @property
    def uses_tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.tls.enabled or bool(self.tls.ca_file or self.tls.cert_file)

    def tls_context(self) -> ssl.SSLContext | None:
        """Makes what checks certificates; None without TLS.

        Raises:
            OSError: a file can't be read, or is no certificate.
        """
        return self.tls.context() if self.uses_tls else None

    @property
    def place(self) -> str:
        """The addresses, as an operator may see them."""
        return ",".join(self.bootstrap_servers)
