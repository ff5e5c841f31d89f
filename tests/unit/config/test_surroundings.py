import pytest

from fastapi_chassis.config.origins import Layer
from fastapi_chassis.config.report import Report
from fastapi_chassis.config.surroundings import Surroundings, read_surroundings
from tests.unit.config.project import Project


def around(project: Project, **environ: str) -> Surroundings:
    return read_surroundings({"directory": project.directory, "environ": environ}, Report())


@pytest.mark.requirement("CFG-3")
def test_a_variable_is_looked_for_in_order(project: Project) -> None:
    environ = project.secret("a", "secret")
    found = around(project, **environ).variable("A")
    assert found is not None
    assert (found.text, found.origin.layer) == ("secret", Layer.SECRETS)
    project.write("A=dotenv", ".env")
    found = around(project, **environ).variable("A")
    assert found is not None
    assert (found.text, str(found.origin)) == ("dotenv", ".env:1")
    found = around(project, **environ, A="").variable("A")
    assert found is not None
    assert (found.text, str(found.origin)) == ("", "environment variable A")
    assert around(project).variable("B") is None


@pytest.mark.requirement("CFG-5")
def test_a_variable_may_name_a_file(project: Project) -> None:
    project.write("swordfish\n", "pw")
    found = around(project, DB_PASSWORD_FILE="pw").variable("DB_PASSWORD")
    assert found is not None
    assert found.text == "swordfish"
    missing = around(project, DB_PASSWORD_FILE="nowhere")
    missing.variable("DB_PASSWORD")
    assert "no such file" in missing.report.findings()[0].what


def test_an_unreadable_dotenv_is_a_finding(project: Project) -> None:
    project.directory.joinpath(".env").write_bytes(b"A=1\nB=\xff")
    assert around(project).report.findings()[0].where == ".env:2"


def test_reserved_names_are_not_empty(project: Project) -> None:
    assert around(project, CHASSIS_CONFIG=" ").reserved("CHASSIS_CONFIG") is None
