"""application.yaml and .env.example: what they read, what they start, and what they refuse."""

import json
import re
import shutil
import signal
import urllib.request
from pathlib import Path

import pytest

from bookshop.app import Bookshop
from fastapi_chassis.app import ApplicationGenericBuilder
from fastapi_chassis.domain import ChassisError

from .processes import chassis, running
from .shop import SERVICE

KNOWN = {
    *("ENVIRONMENT", "DEBUG", "LOG_LEVEL", "API_HOST", "API_PORT", "ALLOWED_HOSTS", "BACKEND_CORS_ORIGINS"),
    *("SECRET_KEY", "ACCESS_TOKEN_EXPIRE_MINUTES", "REFRESH_TOKEN_EXPIRES_DAYS", "DATABASE_URL"),
    *("POSTGRES_SERVER", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB", "BOOKS_STORE"),
    *("RELAY_ENABLED", "BOOKS_ENABLED", "ITEMS_ENABLED", "NOTIFICATIONS_ENABLED"),
    *("MONGODB_ENABLED", "MONGODB_URL", "REDIS_ENABLED", "REDIS_URL", "REDIS_STREAMS"),
    *("CLAIM_CHECK_THRESHOLD", "CLAIM_CHECK_DIRECTORY", "REDIS_CLAIM_CHECKS"),
    *("KAFKA_ENABLED", "KAFKA_SERVERS", "RABBITMQ_ENABLED", "RABBITMQ_URL", "NATS_ENABLED", "NATS_URL"),
}


def configured(**environ: str) -> Bookshop:
    sources = {"file": SERVICE / "application.yaml", "directory": SERVICE, "environ": environ}
    return ApplicationGenericBuilder(Bookshop).with_sources(**sources).build()


@pytest.mark.requirement("CFG-6")
def test_the_familiar_variables_are_read_and_exemplified() -> None:
    read = set(re.findall(r"\$\{(\w+)", (SERVICE / "application.yaml").read_text(encoding="utf-8")))
    example = (SERVICE / ".env.example").read_text(encoding="utf-8")
    shown = set(re.findall(r"^(?:# )?([A-Z_]+)=", example, re.MULTILINE))
    assert read == shown == KNOWN


@pytest.mark.requirement("CFG-6", "MISTAKE-15")
def test_variables_say_what_the_bookshop_is_set_to() -> None:
    config = configured(
        ENVIRONMENT="test",
        LOG_LEVEL="warning",
        API_PORT="9000",
        BACKEND_CORS_ORIGINS='["https://a.example.com", "https://b.example.com:8443"]',
        ACCESS_TOKEN_EXPIRE_MINUTES="30",
    ).config
    assert (config.environment, config.logging.level, config.server.port) == ("test", "WARNING", 9000)
    assert config.api.cors.origins == ("https://a.example.com", "https://b.example.com:8443")


@pytest.mark.requirement("CFG-6", "REF-10")
@pytest.mark.parametrize(
    "variables",
    [
        {"DATABASE_URL": "postgresql://shop:p%40ss%3A%2F@db.internal:5433/books"},
        {
            "POSTGRES_SERVER": "db.internal:5433",
            "POSTGRES_USER": "shop",
            "POSTGRES_PASSWORD": "p@ss:/",
            "POSTGRES_DB": "books",
        },
    ],
    ids=["one variable", "its parts"],
)
def test_variables_make_it_postgresql(variables: dict[str, str]) -> None:
    (plugin,) = configured(**variables).assembly.plugins
    target = plugin.config.target
    assert (target.drivername, target.host, target.port) == ("postgresql+asyncpg", "db.internal", 5433)
    assert (target.username, target.password, target.database) == ("shop", "p@ss:/", "books")


@pytest.mark.requirement("CFG-5", "CFG-6")
def test_production_refuses_what_development_lives_on() -> None:
    with pytest.raises(ChassisError) as refused:
        configured(ENVIRONMENT="production", DEBUG="true")
    report = str(refused.value)
    for path in ("security.secret_key", "api.allowed_hosts", "debug"):
        assert path in report
    assert "only-for-development" not in report
    own = "b0oksh0p-" * 6
    made = configured(ENVIRONMENT="production", SECRET_KEY=own, ALLOWED_HOSTS='["books.example.com"]')
    assert own not in repr(made.config)


@pytest.mark.requirement("CFG-6", "MISTAKE-15", "DX-1")
def test_the_example_environment_starts_it(tmp_path: Path) -> None:
    shutil.copy(SERVICE / "application.yaml", tmp_path)
    shutil.copy(SERVICE / ".env.example", tmp_path / ".env")
    shutil.copytree(SERVICE / "bookshop" / "migrations", tmp_path / "bookshop" / "migrations")
    shutil.rmtree(tmp_path / "bookshop" / "migrations" / "__pycache__", ignore_errors=True)
    (tmp_path / "bookshop" / "migrations" / "__init__.py").unlink()
    with running("bookshop.app:Bookshop", cwd=tmp_path) as (process, url):
        body = json.dumps({"email": "ada@example.com", "password": "correct horse battery"}).encode()
        request = urllib.request.Request(
            f"{url}/api/v1/auth/sign-up/", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            assert response.status == 201
        assert (tmp_path / "service.db").is_file()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


@pytest.mark.requirement("CFG-5")
def test_the_command_line_shows_no_secret() -> None:
    shown = chassis("config", "show", SECRET_KEY="canary-" * 8, POSTGRES_PASSWORD="canary-password")
    assert shown.returncode == 0, shown.stderr
    assert "canary" not in shown.stdout
    checked = chassis("config", "check", ENVIRONMENT="production")
    assert checked.returncode == 1
    assert "security.secret_key" in checked.stdout + checked.stderr
