"""RootConfig: the sections that every service has; a service adds its own as typed attributes."""

import re
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ByteSize,
    Field,
    InstanceOf,
    SerializeAsAny,
    model_validator,
)

from fastapi_chassis.config.base import ConfigModel, PluginConfig
from fastapi_chassis.config.durations import Seconds
from fastapi_chassis.config.environment import EnvironmentEnum
from fastapi_chassis.config.production import ProductionRule
from fastapi_chassis.config.rate_limits import RateLimitRule


def _has_wildcard(value: object) -> bool:
    return isinstance(value, tuple) and "*" in value


_NO_DEBUG = ProductionRule(bool, "debug shows internals to callers", "set debug: false")
_NO_RELOAD = ProductionRule(bool, "reload watches the source and restarts", "set server.reload: false")
_NO_ANY_HOST = ProductionRule(
    _has_wildcard, "any Host header is accepted", "name the hosts, as api.allowed_hosts: [shop.example.com]"
)
_NO_ANY_ORIGIN = ProductionRule(
    _has_wildcard, "any web page may call this service", "name the origins, as https://shop.example.com"
)


def _service_name(name: str) -> str:
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_.\-]{0,62}", name) is None:
        raise ValueError(
            "must begin with a letter and have at most 63 letters, digits, hyphens, dots, underscores"
        )
    return name


def _path_prefix(prefix: str) -> str:
    if re.fullmatch(r"(/[A-Za-z0-9_.~\-]+)*", prefix) is None:
        raise ValueError("must be empty or begin, and not end, with a slash, as /api")
    return prefix


class ServiceConfig(ConfigModel):
    """Who this service is, in its documents, logs and messages, and where it keeps what it writes.

    Args:
        store: the plugin that holds what no module keeps elsewhere; empty where only one can.
    """

    name: Annotated[str, AfterValidator(_service_name)] = "service"
    version: str = "0.0.0"
    title: str = ""
    description: str = ""
    store: str = ""


class ServerConfig(ConfigModel):
    """How the server listens and stops; all times in seconds.

    Args:
        drain_delay: how long requests are still accepted after readiness turned 503.
        graceful_timeout: how long running requests may finish.
        start_timeout: how long one plugin may take to start.
        stop_timeout: how long one plugin may take to stop.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    reload: Annotated[bool, _NO_RELOAD] = False
    proxy_headers: bool = False
    forwarded_allow_ips: tuple[str, ...] = ("127.0.0.1",)
    drain_delay: Seconds = 0
    graceful_timeout: Seconds = 20
    start_timeout: Seconds = 30
    stop_timeout: Seconds = 10

    @model_validator(mode="after")
    def _reload_has_one_worker(self) -> Self:
        if self.reload and self.workers > 1:
            raise ValueError("reload works with one worker only: set workers: 1 or reload: false")
        return self


class CorsConfig(ConfigModel):
    """Which web pages may call this service; none by default."""

    origins: Annotated[tuple[str, ...], _NO_ANY_ORIGIN] = ()
    credentials: bool = False
    methods: tuple[str, ...] = ("GET", "POST", "PUT", "PATCH", "DELETE")
    headers: tuple[str, ...] = (
        *("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "X-Correlation-Id"),
    )
    expose_headers: tuple[str, ...] = (
        *("ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Correlation-Id"),
    )
    max_age: Seconds = 600

    @model_validator(mode="after")
    def _no_credentials_for_everybody(self) -> Self:
        if self.credentials and "*" in self.origins:
            raise ValueError(
                "origins: ['*'] with credentials lets every web page act as the user: name the origins"
            )
        return self


class ApiConfig(ConfigModel):
    """The HTTP edge.

    Args:
        docs: whether the API pages are served; None means everywhere but in production.
        validation_status: the status of invalid input.
        max_body_size: bytes, or text as `1 MiB`.
        allowed_hosts: Host headers that are answered, `*.example.com` included.
        error_type_base: what a problem's `type` begins with; empty means `about:blank`.
        rate_limits: how many requests one caller may make; every rule that a request matches counts.
    """

    prefix: Annotated[str, AfterValidator(_path_prefix)] = "/api"
    docs: bool | None = None
    validation_status: Literal[422, 400] = 422
    max_body_size: Annotated[ByteSize, Field(gt=0)] = ByteSize(1024 * 1024)
    allowed_hosts: Annotated[tuple[str, ...], Field(min_length=1), _NO_ANY_HOST] = ("*",)
    cors: CorsConfig = Field(default_factory=CorsConfig)
    error_type_base: str = ""
    rate_limits: tuple[RateLimitRule, ...] = ()

    @model_validator(mode="after")
    def _each_limit_has_its_name(self) -> Self:
        titles = [rule.title for rule in self.rate_limits]
        twice = next((title for title in titles if titles.count(title) > 1), None)
        if twice is not None:
            raise ValueError(f"two rate_limits are called {twice}: give one of them a name")
        return self


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


class LoggingConfig(ConfigModel):
    """Level and form of the logs; `auto` is text in development and test, JSON elsewhere."""

    level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)] = (
        "INFO"
    )
    format: Literal["auto", "console", "json"] = "auto"


class ModuleConfig(ConfigModel):
    """One module of the service: whether it runs, on which store, and in which process."""

    enabled: bool = True
    store: str | None = None
    process: str | None = None


class RootConfig(ConfigModel):
    """The whole configuration of a service; extend it with one typed attribute per section of your own."""

    environment: EnvironmentEnum = EnvironmentEnum.DEVELOPMENT
    debug: Annotated[bool, _NO_DEBUG] = False
    service: ServiceConfig = Field(default_factory=ServiceConfig)
    server: ServerConfig = Field(default_factory=ServerConfig)
    api: ApiConfig = Field(default_factory=ApiConfig)
    logging: LoggingConfig = Field(default_factory=LoggingConfig)
    modules: dict[str, ModuleConfig] = Field(default_factory=dict)
    plugins: dict[str, SerializeAsAny[InstanceOf[PluginConfig]]] = Field(default_factory=dict)

    @property
    def serves_docs(self) -> bool:
        """Whether the API pages are served: as configured, else everywhere but in production."""
        if self.api.docs is not None:
            return self.api.docs
        return self.environment is not EnvironmentEnum.PRODUCTION
