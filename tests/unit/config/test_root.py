import pytest
from pydantic import ValidationError

from fastapi_chassis.config import (
    ApiConfig,
    CorsConfig,
    LoggingConfig,
    RootConfig,
    ServerConfig,
    ServiceConfig,
)
from tests.unit.config.project import Project


def test_defaults() -> None:
    config = RootConfig()
    assert (config.server.host, config.server.port, config.server.workers) == ("127.0.0.1", 8000, 1)
    assert (config.api.prefix, config.api.validation_status, config.api.max_body_size) == (
        "/api",
        422,
        1_048_576,
    )
    assert config.api.cors.origins == ()


@pytest.mark.requirement("API-3", "MISTAKE-13")
def test_credentials_never_go_with_a_wildcard() -> None:
    with pytest.raises(ValidationError, match="name the origins"):
        CorsConfig(origins=("*",), credentials=True)


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (ServiceConfig, {"name": ""}),
        (ServiceConfig, {"name": "1shop"}),
        (ServiceConfig, {"name": "a" * 64}),
        (ServerConfig, {"port": 65_536}),
        (ServerConfig, {"drain_delay": -1}),
        (ServerConfig, {"drain_delay": "inf"}),
        (ServerConfig, {"reload": True, "workers": 2}),
        (ApiConfig, {"prefix": "api"}),
        (ApiConfig, {"prefix": "/api/"}),
        (ApiConfig, {"validation_status": 418}),
        (ApiConfig, {"max_body_size": 0}),
        (ApiConfig, {"allowed_hosts": []}),
        (LoggingConfig, {"level": "LOUD"}),
    ],
)
def test_refused(model: type[ServerConfig], values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(values)


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (ServiceConfig, {"name": "shop-2.items_x"}),
        (ApiConfig, {"prefix": ""}),
        (ApiConfig, {"prefix": "/a/b-c"}),
        (ApiConfig, {"max_body_size": "2 MiB"}),
        (LoggingConfig, {"level": "debug"}),
    ],
)
def test_accepted(model: type[ServerConfig], values: dict[str, object]) -> None:
    model.model_validate(values)


@pytest.mark.parametrize(
    ("environment", "docs", "expected"),
    [
        ("development", None, True),
        ("staging", None, True),
        ("production", None, False),
        ("production", True, True),
    ],
)
def test_docs_are_off_in_production(environment: str, docs: bool | None, expected: bool) -> None:
    assert RootConfig(environment=environment, api=ApiConfig(docs=docs)).serves_docs is expected


def test_sizes_and_modules_from_a_file(project: Project) -> None:
    project.write(
        "api: {max_body_size: 2 MiB}\nmodules: {items: {store: reporting}, books: {enabled: false}}"
    )
    config = project.config({"CHASSIS_MODULES__ITEMS__PROCESS": "worker"}).config
    assert config.api.max_body_size == 2 * 1024 * 1024
    assert (config.modules["items"].store, config.modules["items"].process) == ("reporting", "worker")
    assert config.modules["books"].enabled is False
