import pytest

from tests.unit.config.project import Project


@pytest.mark.requirement("CFG-4")
def test_a_file_by_argument_beats_one_by_variable(project: Project) -> None:
    project.write("service: {name: usual}")
    project.write("service: {name: argument}", "a.yaml")
    project.write("service: {name: variable}", "conf/v.yaml")
    environ = {"CHASSIS_CONFIG": "conf/v.yaml"}
    assert project.config().config.service.name == "usual"
    assert project.config(environ).config.service.name == "variable"
    assert project.config(environ, file=project.directory / "a.yaml").config.service.name == "argument"
    assert str(project.config(environ).origin("service.name")) == "conf/v.yaml:1"


@pytest.mark.requirement("CFG-4")
@pytest.mark.parametrize(
    ("environ", "options", "where"),
    [
        ({"CHASSIS_CONFIG": "nowhere.yaml"}, {}, "environment variable CHASSIS_CONFIG"),
        ({}, {"file": "nowhere.yaml"}, "argument file"),
        ({}, {"file": "."}, "argument file"),
    ],
)
def test_a_named_file_must_be_there(
    project: Project, environ: dict[str, str], options: dict[str, object], where: str
) -> None:
    found = project.finding(environ, **options)
    assert found.where == where
    assert found.what.startswith("there is no file")


def test_the_named_file_may_stand_in_dotenv(project: Project) -> None:
    project.write("service: {name: variable}", "v.yaml")
    project.write("CHASSIS_CONFIG=v.yaml", ".env")
    assert project.config().config.service.name == "variable"


def test_the_profile_file_stands_beside_the_file(project: Project) -> None:
    project.write("{}", "conf/shop.yaml")
    project.write("service: {name: overlay}", "conf/shop.test.yaml")
    assert project.config(file="conf/shop.yaml", profile="test").config.service.name == "overlay"


@pytest.mark.requirement("CFG-3")
@pytest.mark.parametrize(
    ("file", "dotenv", "environ", "options", "expected"),
    [
        ("", "", {}, {}, "development"),
        ("environment: staging", "", {}, {}, "staging"),
        ("environment: ${ENVIRONMENT:test}", "", {}, {}, "test"),
        ("environment: ${ENVIRONMENT:test}", "", {"ENVIRONMENT": "local"}, {}, "development"),
        ("environment: staging", "CHASSIS_PROFILE=test", {}, {}, "test"),
        (
            "environment: staging",
            "CHASSIS_PROFILE=test",
            {"CHASSIS_PROFILE": "development"},
            {},
            "development",
        ),
        ("environment: staging", "", {"CHASSIS_ENVIRONMENT": "test"}, {}, "test"),
        ("environment: staging", "", {"CHASSIS_PROFILE": "test"}, {"profile": "development"}, "development"),
        ("environment: staging", "", {}, {"arguments": {"environment": "test"}}, "test"),
        ("environment: staging", "", {"CHASSIS_PROFILE": ""}, {"arguments": {"environment": "test"}}, "test"),
    ],
)
def test_where_the_profile_is_looked_for(
    project: Project,
    file: str,
    dotenv: str,
    environ: dict[str, str],
    options: dict[str, object],
    expected: str,
) -> None:
    project.write(f"{file}\napi: {{allowed_hosts: [a.example]}}")
    project.write(dotenv, ".env")
    project.write(f"service: {{name: by-{expected}}}", f"application.{expected}.yaml")
    loaded = project.config(environ, **options)
    assert (loaded.environment.value, loaded.config.service.name) == (expected, f"by-{expected}")


@pytest.mark.parametrize("written", ["environment: [a]", "environment: prodction", "environment: 5"])
def test_an_unknown_environment(project: Project, written: str) -> None:
    project.write(written)
    found = project.finding()
    assert found.where == "application.yaml:1  environment"
    assert found.remedy == "take development, test, staging, production"


def test_an_unset_environment_variable(project: Project) -> None:
    project.write("environment: ${NOWHERE}")
    assert project.finding().what == "NOWHERE is not set, and it has no default"


def test_the_profile_file_names_no_other_environment(project: Project) -> None:
    project.write("environment: test", "application.test.yaml")
    assert project.config(profile="test").environment.value == "test"
    project.write("environment: staging", "application.test.yaml")
    assert project.finding(profile="test").remedy == "remove the line"


@pytest.mark.requirement("CFG-1")
def test_every_unreadable_file_is_reported(project: Project) -> None:
    project.write("a: [1")
    project.write("b: {1", "application.test.yaml")
    project.write("nonsense", ".env")
    findings = project.findings(profile="test")
    assert [finding.where.partition(":")[0] for finding in findings] == [
        "application.yaml",
        "application.test.yaml",
        ".env",
    ]
