"""A service's folder on disk, and models to load from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, SecretStr

from fastapi_chassis.config import (
    ConfigModel,
    ConfigurationError,
    LoadedConfig,
    PluginConfig,
    PluginProvider,
    ProductionSecret,
    RootConfig,
    SecretUrl,
    load_config,
)
from fastapi_chassis.domain import Finding


class SqlConfig(PluginConfig):
    url: SecretUrl = SecretUrl("sqlite+aiosqlite:///service.db")
    password: SecretStr | None = None
    pool_size: int = 5


class RedisConfig(PluginConfig):
    url: str = "redis://localhost:6379"
    password: SecretStr | None = None


class KafkaConfig(PluginConfig):
    bootstrap_servers: list[str] = ["localhost:9092"]  # noqa: RUF012 - as a plugin's author writes it
    outbox: bool = False
    inbox: bool = False


class OAuth2Config(ConfigModel):
    client_id: str
    client_secret: Annotated[SecretStr, ProductionSecret()] = SecretStr("")


class AuthConfig(ConfigModel):
    oauth2: OAuth2Config | None = None


class ClientConfig(ConfigModel):
    base_url: str
    auth: AuthConfig | None = None
    retry: dict[str, int] = {}  # noqa: RUF012
    breaker: dict[str, int] = {}  # noqa: RUF012


class HttpConfig(ConfigModel):
    clients: dict[str, ClientConfig] = {}  # noqa: RUF012


PLUGINS: Mapping[str, PluginProvider] = {
    "sqlalchemy": lambda: SqlConfig,
    "redis": RedisConfig,
    "kafka": KafkaConfig,
}


@dataclass
class Project:
    """A folder with configuration files; loads them as a service would."""

    directory: Path
    sections: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    plugins: Mapping[str, PluginProvider] = field(default_factory=lambda: PLUGINS)

    def write(self, text: str, name: str = "application.yaml") -> Path:
        file = self.directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def secret(self, name: str, text: str) -> dict[str, str]:
        self.write(text, f"secrets/{name}")
        return {"CHASSIS_SECRETS_DIR": "secrets"}

    def load[C: RootConfig](
        self, root: type[C], environ: Mapping[str, str] | None = None, **options: object
    ) -> LoadedConfig[C]:
        chosen: dict[str, object] = {"sections": self.sections, "plugins": self.plugins, **options}
        return load_config(root, directory=self.directory, environ=environ or {}, **chosen)  # type: ignore[arg-type]  # any option

    def config(self, environ: Mapping[str, str] | None = None, **options: object) -> LoadedConfig[RootConfig]:
        return self.load(RootConfig, environ, **options)

    def findings(
        self, environ: Mapping[str, str] | None = None, root: type[RootConfig] = RootConfig, **options: object
    ) -> tuple[Finding, ...]:
        try:
            self.load(root, environ, **options)
        except ConfigurationError as error:
            return error.findings
        return ()

    def finding(
        self, environ: Mapping[str, str] | None = None, root: type[RootConfig] = RootConfig, **options: object
    ) -> Finding:
        (only,) = self.findings(environ, root, **options)
        return only
