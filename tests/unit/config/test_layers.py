from itertools import pairwise

import pytest

from fastapi_chassis.config import Layer, RootConfig
from tests.unit.config.project import Project


def port_from(
    project: Project, layer: Layer, port: int, environ: dict[str, str], options: dict[str, object]
) -> None:
    match layer:
        case Layer.APPLICATION:
            options["defaults"] = {"server": {"port": port}}
        case Layer.FILE:
            project.write(f"server: {{port: {port}}}")
        case Layer.PROFILE:
            project.write(f"server: {{port: {port}}}", "application.test.yaml")
        case Layer.SECRETS:
            environ.update(project.secret("server__port", str(port)))
        case Layer.DOTENV:
            project.write(f"CHASSIS_SERVER__PORT={port}\n", ".env")
        case Layer.ENVIRONMENT:
            environ["CHASSIS_SERVER__PORT"] = str(port)
        case Layer.ARGUMENTS:
            options["arguments"] = {"server.port": port}


@pytest.mark.requirement("CFG-3")
@pytest.mark.parametrize(
    ("lower", "higher"), list(pairwise(layer for layer in Layer if layer is not Layer.DEFAULT))
)
def test_each_layer_beats_the_one_below(project: Project, lower: Layer, higher: Layer) -> None:
    environ: dict[str, str] = {}
    options: dict[str, object] = {"profile": "test"}
    port_from(project, lower, 1111, environ, options)
    assert project.config(environ, **options).config.server.port == 1111
    assert project.config(environ, **options).origin("server.port").layer is lower
    port_from(project, higher, 2222, environ, options)
    assert project.config(environ, **options).config.server.port == 2222
    assert project.config(environ, **options).origin("server.port").layer is higher


@pytest.mark.requirement("CFG-3")
def test_sections_merge_and_lists_replace(project: Project) -> None:
    project.write("api:\n  cors: {origins: [a, b], credentials: true}\n  prefix: /x\n")
    project.write("api:\n  cors: {origins: [c]}\n", "application.test.yaml")
    api = project.config(profile="test").config.api
    assert (api.cors.origins, api.cors.credentials, api.prefix) == (("c",), True, "/x")


@pytest.mark.requirement("CFG-1")
@pytest.mark.parametrize(
    ("variable", "remedy"),
    [
        ("CHASSIS_SERVER__PROT", "Did you mean CHASSIS_SERVER__PORT?"),
        ("CHASSIS_SERVR__PORT", "Did you mean CHASSIS_SERVER__...?"),
        ("CHASSIS_DEBGU", "Did you mean CHASSIS_DEBUG?"),
        ("CHASSIS_SERVER__", "write CHASSIS_SECTION__KEY"),
    ],
)
def test_an_unknown_variable_names_the_nearest(project: Project, variable: str, remedy: str) -> None:
    found = project.finding({variable: "1"})
    assert (found.where, found.remedy) == (f"environment variable {variable}", remedy)


@pytest.mark.parametrize(
    "variable",
    [
        "CHASSIS_REQUIRE_BACKENDS",
        "CHASSIS_TEST_WORKERS",
        "CHASSIS_BACKENDS_KAFKA__URL",
        "CHASSIS_SERVICE_HOST",
        "CHASSIS_PORT_80_TCP_ADDR",
        "CHASSISX__Y",
    ],
)
def test_variables_that_are_no_settings_are_left_alone(project: Project, variable: str) -> None:
    assert project.config({variable: "x"}).config == RootConfig()


def test_variables_match_without_case(project: Project) -> None:
    assert project.config({"chassis_Server__port": "5"}).config.server.port == 5


def test_a_dotenv_setting_names_its_line(project: Project) -> None:
    project.write("# comment\nA=1\nCHASSIS_SERVER__PORT=x\nCHASSIS_SERVER__PROT=1\n", ".env")
    first, second = project.findings()
    assert (first.where, first.what) == (".env:3  server.port", "expected a whole number, found text")
    assert (second.where, second.remedy) == (".env:4  server.prot", "Did you mean CHASSIS_SERVER__PORT?")


@pytest.mark.requirement("CFG-5")
def test_mounted_files_are_settings(project: Project) -> None:
    environ = project.secret("plugins__sqlalchemy__password", "swordfish\n")
    project.secret("unrelated", "x")
    project.secret("somebody__elses", "x")
    project.secret("..data", "x")
    project.write("plugins: {sqlalchemy: {}}")
    loaded = project.config(environ)
    assert loaded.plugin("sqlalchemy").password.get_secret_value() == "swordfish"
    assert loaded.origin("plugins.sqlalchemy.password").layer is Layer.SECRETS


def test_several_variables_meet_in_one_section(project: Project) -> None:
    environ = {
        "CHASSIS_PLUGINS__REDIS": "true",
        "CHASSIS_PLUGINS__REDIS__URL": "redis://elsewhere",
        "CHASSIS_PLUGINS__KAFKA": '{"outbox": true}',
        "CHASSIS_PLUGINS__KAFKA__INBOX": "yes",
    }
    config = project.config(environ).config
    assert config.plugins["redis"].url == "redis://elsewhere"
    assert (config.plugins["kafka"].outbox, config.plugins["kafka"].inbox) == (True, True)


def test_a_missing_or_broken_profile_file(project: Project) -> None:
    project.write("server: {port: 1}")
    assert project.config(profile="test").config.server.port == 1
    project.write("server: [1\nb: 2", "application.test.yaml")
    assert project.finding(profile="test").where == "application.test.yaml:2:2"
