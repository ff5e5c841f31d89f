import json

import pytest
from pydantic import SecretStr

from fastapi_chassis.config import ConfigModel, SecretUrl, describe
from tests.unit.config.project import Project

CANARY = "swordfish-4711"


class Point(ConfigModel):
    x: int = 1
    token: str = CANARY


class Everything(ConfigModel):
    password: SecretStr = SecretStr(CANARY)
    empty: SecretStr = SecretStr("")
    url: SecretUrl = SecretUrl(f"postgresql://u:{CANARY}@h/db")
    urls: tuple[str, ...] = (f"amqp://u:{CANARY}@h/",)
    dsn: str = f"https://{CANARY}@sentry.example/1"
    points: tuple[Point, ...] = (Point(),)
    free: dict[str, object] = {"api_key": CANARY, "n": 1.5}  # noqa: RUF012
    nothing: None = None


@pytest.mark.requirement("CFG-5", "CFG-7")
def test_secrets_are_masked_everywhere(project: Project) -> None:
    project.sections = {"all": Everything}
    rows = {row.path: row.value for row in describe(project.config()) if row.path.startswith("all.")}
    assert rows == {
        "all.password": "***",
        "all.empty": "",
        "all.url": "postgresql://u:***@h/db",
        "all.urls": ["amqp://u:***@h/"],
        "all.dsn": "***",
        "all.points": [{"x": 1, "token": "***"}],
        "all.free.api_key": "***",
        "all.free.n": 1.5,
        "all.nothing": None,
    }
    assert CANARY not in json.dumps(rows)


@pytest.mark.requirement("CFG-7")
def test_plugin_sections_say_their_kind(project: Project) -> None:
    project.write("environment: test\nplugins:\n  reporting:\n    kind: sqlalchemy\n  redis: false\n")
    rows = {row.path: row for row in describe(project.config())}
    assert rows["environment"].value == "test"
    assert rows["plugins.reporting.kind"].value == "sqlalchemy"
    assert str(rows["plugins.reporting.kind"].origin) == "application.yaml:4"
    assert rows["plugins.redis.enabled"].value is False
    assert str(rows["plugins.redis.enabled"].origin) == "application.yaml:5"


@pytest.mark.requirement("CFG-5", "CFG-7")
def test_what_came_from_a_secret_is_masked_whatever_its_type(project: Project) -> None:
    environ = project.secret("greeting", CANARY)
    project.secret("service__title", CANARY)
    project.write("service: {description: 'hello ${GREETING}', version: '${API_TOKEN}'}")
    rows = {row.path: row.value for row in describe(project.config({**environ, "API_TOKEN": CANARY}))}
    assert [rows[f"service.{key}"] for key in ("description", "title", "version")] == ["***"] * 3
