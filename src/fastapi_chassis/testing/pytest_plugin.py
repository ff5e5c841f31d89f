"""The pytest plugin of the chassis: what `pip install "fastapi-chassis[testing]"` adds to every test run."""

from fastapi_chassis.testing.backends.fixtures import (
    backend,
    backend_session,
    ferretdb_url,
    hydra,
    kafka_servers,
    kratos,
    marked_backends,
    nats_url,
    postgresql_url,
    private_backend,
    pytest_configure,
    pytest_unconfigure,
    rabbitmq_url,
    valkey_url,
)
from fastapi_chassis.testing.fixtures import app, app_doubles, app_settings, application, clock

__all__ = (
    "app",
    "app_doubles",
    "app_settings",
    "application",
    "backend",
    "backend_session",
    "clock",
    "ferretdb_url",
    "hydra",
    "kafka_servers",
    "kratos",
    "marked_backends",
    "nats_url",
    "postgresql_url",
    "private_backend",
    "pytest_configure",
    "pytest_unconfigure",
    "rabbitmq_url",
    "valkey_url",
)
