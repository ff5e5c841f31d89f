"""SqlAlchemyConfig: where the database is, how patient the service is with it, and who migrates it."""

from pathlib import Path
from typing import Annotated, Self, cast

from pydantic import Field, SecretStr, field_validator, model_validator
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from fastapi_chassis.config import PluginConfig, SecretUrl, Wait

DRIVERS = {
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
}


class SqlAlchemyConfig(PluginConfig):
    """One database; all times in seconds.

    Args:
        url: `postgresql://user:password@host/name`, or `sqlite:///file.db`.
        server: host, or `host:port`, of a PostgreSQL whose address comes in parts; a url goes before it.
        user: who logs in at the server.
        password: as it is; characters that a URL would not bear need no escaping.
        database: its name at the server.
        replicas: addresses of servers that follow this one; what a query reads may come from them.
        replica_max_lag: how far behind a replica may be before it is left out.
        read_your_writes: whether a replica serves only after it has what this process has written.
        pgbouncer: whether PgBouncer in transaction mode stands in between.
        prepared_statements: whether statements stay prepared; not behind a PgBouncer that can't keep them.
        pool_size: connections that stay open.
        max_overflow: further connections under load.
        pool_timeout: how long a request waits for a connection before it is told that the service is busy.
        pool_recycle: the age at which a connection is replaced.
        connect_timeout: how long the server may take to let a connection in.
        command_timeout: how long one statement may take, on this side; above `statement_timeout`.
        statement_timeout: how long one statement may take, on PostgreSQL's side.
        lock_timeout: how long a write waits for another transaction's.
        idle_in_transaction_timeout: when PostgreSQL ends a transaction that does nothing.
        application_name: how PostgreSQL lists these connections.
        echo: whether statements are logged; never their values.
        migrate: whether the schema is brought up to date at start; None means in development and test only.
        migrate_timeout: how long migrating may take, with the wait for another replica that does it.
        migrations: the folder of the service's own Alembic versions.
    """

    url: SecretUrl = SecretUrl("sqlite+aiosqlite:///service.db")
    server: str = ""
    user: str = "postgres"
    password: SecretStr = SecretStr("")
    database: str = "postgres"
    replicas: tuple[SecretUrl, ...] = ()
    replica_max_lag: Wait = 10
    read_your_writes: bool = True
    pgbouncer: bool = False
    prepared_statements: bool = True
    pool_size: Annotated[int, Field(ge=1, le=1_000)] = 10
    max_overflow: Annotated[int, Field(ge=0, le=1_000)] = 10
    pool_timeout: Wait = 2
    pool_recycle: Wait = 1_800
    connect_timeout: Wait = 3
    command_timeout: Wait = 10
    statement_timeout: Wait = 8
    lock_timeout: Wait = 5
    idle_in_transaction_timeout: Wait = 30
    application_name: str = "fastapi-chassis"
    echo: bool = False
    migrate: bool | None = None
    migrate_timeout: Wait = 600
    migrations: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _address_in_parts(cls, given: object) -> object:
        if not isinstance(given, dict) or given.get("url"):
            return given
        values = {name: value for name, value in cast("dict[str, object]", given).items() if name != "url"}
        return values | {"url": _server_url(values)} if values.get("server") else values

    @field_validator("url", mode="after")
    @classmethod
    def _known_driver(cls, url: SecretUrl) -> SecretUrl:
        return _with_driver(url)

    @field_validator("replicas", mode="after")
    @classmethod
    def _known_replicas(cls, urls: tuple[SecretUrl, ...]) -> tuple[SecretUrl, ...]:
        known = tuple(_with_driver(url) for url in urls)
        if any(url.get_secret_value().startswith("sqlite") for url in known):
            raise ValueError("a replica is a PostgreSQL: a file has none")
        return known

    @model_validator(mode="after")
    def _only_a_server_has_replicas(self) -> Self:
        if self.target.drivername.startswith("sqlite") and (self.replicas or self.pgbouncer):
            raise ValueError("replicas and pgbouncer belong to a PostgreSQL, and url names a file")
        return self

    @model_validator(mode="after")
    def _server_gives_up_first(self) -> Self:
        if self.command_timeout <= self.statement_timeout:
            raise ValueError(
                "command_timeout must be above statement_timeout, so that the server gives up first"
            )
        return self

    def at(self, url: SecretUrl) -> "SqlAlchemyConfig":
        """Returns the same settings for another server, such as one of the replicas."""
        return self.model_copy(update={"url": url, "replicas": ()})

    @property
    def target(self) -> URL:
        """The address as SQLAlchemy knows it, password included."""
        return make_url(self.url.get_secret_value())

    @property
    def place(self) -> str:
        """The address as an operator may see it: no user, no password."""
        target = self.target
        if target.drivername.startswith("sqlite"):
            return f"file {target.database}"
        return f"{target.host or 'localhost'}:{target.port or 5432}/{target.database or ''}"


def _with_driver(url: SecretUrl) -> SecretUrl:
    try:
        parsed = make_url(url.get_secret_value())
    except (ArgumentError, ValueError):
        raise ValueError("expected postgresql://user:password@host/name or sqlite:///file.db") from None
    driver = DRIVERS.get(parsed.drivername)
    if driver is None:
        raise ValueError(f"the databases are postgresql and sqlite, not {parsed.drivername}")
    if driver.startswith("sqlite"):
        return SecretUrl(_file_url(parsed).set(drivername=driver).render_as_string(hide_password=False))
    query = {"ssl" if key == "sslmode" else key: value for key, value in parsed.query.items()}
    parsed = parsed.set(drivername=driver, query=query)
    return SecretUrl(parsed.render_as_string(hide_password=False))


def _server_url(parts: dict[str, object]) -> str:
    host, _, port = str(parts["server"]).partition(":")
    password = parts.get("password", "")
    url = URL.create(
        "postgresql",
        username=str(parts.get("user", "postgres")),
        password=password.get_secret_value()
        if isinstance(password, SecretStr)
        else str(password or "") or None,
        host=host,
        port=int(port) if port.isdigit() else None,
        database=str(parts.get("database", "postgres")),
    )
    return url.render_as_string(hide_password=False)


def _file_url(url: URL) -> URL:
    if not url.database or ":memory:" in url.database or "mode=memory" in url.database:
        raise ValueError("name a file, as sqlite:///service.db; without a database, leave the plugin out")
    return url
