import ast
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

import fastapi_chassis.config as room
from fastapi_chassis.config import (
    ConfigModel,
    EnvironmentEnum,
    Layer,
    RootConfig,
    describe,
    load_config,
    render_report,
)
from tests.unit.config.project import HttpConfig, KafkaConfig, Project

EXPERIENCE = """\
# application.yaml
service: {name: shop, version: 1.4.0}
plugins:
  sqlalchemy: {url: "${DATABASE_URL:sqlite+aiosqlite:///shop.db}"}
  redis:      {enabled: ${REDIS_ENABLED:false}, url: redis://localhost:6379, required: false}
  kafka:      {bootstrap_servers: ["localhost:9092"], outbox: true, inbox: true}
http:
  clients:
    catalogue: {base_url: https://catalogue.internal, auth: {oauth2: {client_id: shop, client_secret: "${CATALOGUE_SECRET}"}}, retry: {attempts: 3}, breaker: {failures: 5}}
"""  # noqa: E501 - as printed


class ShopConfig(ConfigModel):
    currency: str = "EUR"
    limit: int = 10


class ServiceRoot(RootConfig):
    shop: ShopConfig = ShopConfig()


@pytest.mark.requirement("CFG-1", "CFG-2", "CFG-3")
def test_the_file_of_the_experience_loads_as_printed(project: Project) -> None:
    project.write(EXPERIENCE)
    project.sections = {"http": HttpConfig}
    loaded = project.config({"CATALOGUE_SECRET": "swordfish"})
    assert (loaded.config.service.name, loaded.config.service.version) == ("shop", "1.4.0")
    assert loaded.plugin("sqlalchemy").url.get_secret_value() == "sqlite+aiosqlite:///shop.db"
    assert loaded.plugin("redis").enabled is False
    assert loaded.plugin("redis").required is False
    assert loaded.plugin("kafka") == KafkaConfig(
        bootstrap_servers=["localhost:9092"], outbox=True, inbox=True
    )
    oauth2 = loaded.section("http").clients["catalogue"].auth.oauth2
    assert oauth2.client_secret.get_secret_value() == "swordfish"
    assert str(loaded.origin("plugins.redis.enabled")) == "application.yaml:5"
    assert loaded.origin("plugins.kafka.outbox").line == 6


@pytest.mark.requirement("CFG-1", "APP-8")
def test_the_report_of_the_experience(project: Project) -> None:
    project.write(
        EXPERIENCE.replace("bootstrap_servers", "boostrap_servers").replace(
            ":sqlite+aiosqlite:///shop.db", ""
        )
    )
    project.sections = {"http": HttpConfig}
    findings = project.findings(
        {"CATALOGUE_SECRET": "s" * 40, "CHASSIS_API__ALLOWED_HOSTS": "shop.example.com"}, profile="production"
    )
    assert render_report("shop could not start", findings) == (
        "shop could not start: 2 findings\n\n"
        "1  application.yaml:4  plugins.sqlalchemy.url\n"
        "   DATABASE_URL is not set, and the production profile has no default for it\n"
        "   set it, or put the file database_url into /run/secrets.\n"
        "2  application.yaml:6  plugins.kafka.boostrap_servers\n"
        "   unknown key. Did you mean bootstrap_servers?"
    )


@pytest.mark.requirement("CFG-4")
def test_without_any_file_the_defaults_hold(project: Project) -> None:
    loaded = project.config()
    assert loaded.config == RootConfig()
    assert loaded.origin("server.port").layer is Layer.DEFAULT


@pytest.mark.requirement("CFG-2")
def test_a_service_extends_the_root(project: Project) -> None:
    project.write("shop: {limit: 3}")
    loaded = project.load(ServiceRoot, {"CHASSIS_SHOP__CURRENCY": "CHF"})
    assert loaded.config.shop == ShopConfig(currency="CHF", limit=3)
    assert loaded.section("shop") is loaded.config.shop


def test_a_contributed_section_has_its_defaults_and_its_place(project: Project) -> None:
    project.sections = {"shop": ShopConfig}
    assert project.config().section("shop") == ShopConfig()
    project.write("shop:\n  limit: many\n")
    assert project.finding().where == "application.yaml:2  shop.limit"


def test_a_section_that_the_root_has_itself_is_the_roots(project: Project) -> None:
    class Other(BaseModel):
        limit: str

    project.write("shop: {limit: 3}")
    assert project.load(ServiceRoot, sections={"shop": Other}).section("shop") == ShopConfig(limit=3)


@pytest.mark.requirement("CFG-1", "APP-8")
def test_all_findings_come_at_once(project: Project) -> None:
    project.write(
        "service: {nam: shop}\n"
        "server:\n"
        "  port: many\n"
        "  port: 3\n"
        "plugins:\n"
        "  kafkka: {}\n"
        "  sqlalchemy: {url: '${NOWHERE}'}\n"
    )
    findings = project.findings({"CHASSIS_SERVER__WORKERS": "0", "CHASSIS_SRVER__PORT": "1"})
    assert [finding.where for finding in findings] == [
        "application.yaml:1  service.nam",
        "application.yaml:4  server.port",
        "application.yaml:6  plugins.kafkka",
        "application.yaml:7  plugins.sqlalchemy.url",
        "environment variable CHASSIS_SERVER__WORKERS",
        "environment variable CHASSIS_SRVER__PORT",
    ]


def test_layers_of_the_application_are_below_the_file(project: Project) -> None:
    own = {"service.name": "own", "service": {"version": "9"}}
    assert project.config(defaults=own).config.service.name == "own"
    project.write("service: {name: from-file}")
    loaded = project.config(defaults=own)
    assert (loaded.config.service.name, loaded.config.service.version) == ("from-file", "9")


def test_the_environment_is_the_profile(project: Project) -> None:
    project.write("environment: staging\napi: {allowed_hosts: [a.example]}")
    loaded = project.config()
    assert loaded.environment is EnvironmentEnum.STAGING
    assert str(loaded.origin("environment")) == "application.yaml:1"


@pytest.mark.requirement("CFG-7")
def test_every_setting_has_an_origin(project: Project) -> None:
    project.write("server: {port: 81}")
    rows = {row.path: row for row in describe(project.config())}
    assert str(rows["server.port"].origin) == "application.yaml:1"
    assert str(rows["server.host"].origin) == "default"


def test_the_room_imports_only_pydantic_yaml_and_the_standard_library() -> None:
    allowed = {"pydantic", "pydantic_core", "yaml"}
    for file in Path(room.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                top = name.partition(".")[0]
                own = name.startswith(("fastapi_chassis.config.", "fastapi_chassis.domain"))
                assert own or top in allowed or top in sys.stdlib_module_names, f"{file.name} imports {name}"


def test_importing_reads_nothing(tmp_path: Path) -> None:
    tmp_path.joinpath("application.yaml").write_text("{{{", encoding="utf-8")
    code = "import fastapi_chassis.config"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, env={"CHASSIS_CONFIG": "nowhere"})


def test_the_process_environment_and_directory_are_the_usual_sources(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("service: {name: here}")
    monkeypatch.chdir(project.directory)
    monkeypatch.setenv("CHASSIS_SERVER__PORT", "99")
    config = load_config(RootConfig).config
    assert (config.service.name, config.server.port) == ("here", 99)
