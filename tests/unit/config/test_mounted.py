import pytest

from fastapi_chassis.config.mounted import open_secrets, read_secret
from fastapi_chassis.config.report import Report
from fastapi_chassis.config.unreadable import UnreadableError
from tests.unit.config.project import Project


@pytest.mark.requirement("CFG-5")
@pytest.mark.parametrize("name", ["DATABASE_URL", "database_url"])
def test_a_placeholder_finds_its_file(project: Project, name: str) -> None:
    environ = project.secret(name, "postgresql://h/db\r\n")
    project.write("plugins: {sqlalchemy: {url: '${DATABASE_URL}'}}")
    assert project.config(environ).plugin("sqlalchemy").url.get_secret_value() == "postgresql://h/db"


@pytest.mark.requirement("CFG-5")
def test_variables_win_over_files(project: Project) -> None:
    environ = project.secret("greeting", "from file")
    project.write("service: {description: '${GREETING}'}")
    assert project.config(environ).config.service.description == "from file"
    project.write("GREETING=from dotenv", ".env")
    assert project.config(environ).config.service.description == "from dotenv"
    assert project.config({**environ, "GREETING": "from here"}).config.service.description == "from here"


def test_only_the_last_line_break_goes(project: Project) -> None:
    assert read_secret(project.write("a\n\n", "s")) == "a\n"
    assert read_secret(project.write("", "s")) == ""


def test_a_secret_is_small_text(project: Project) -> None:
    with pytest.raises(UnreadableError, match="larger than 64 KiB"):
        read_secret(project.write("x" * 65_537, "s"))
    project.directory.joinpath("s").write_bytes(b"\xff\xfe")
    with pytest.raises(UnreadableError, match="not UTF-8"):
        read_secret(project.directory / "s")


@pytest.mark.requirement("CFG-5", "APP-8")
def test_an_unreadable_secret_is_a_finding_without_its_content(project: Project) -> None:
    environ = project.secret("greeting", "")
    project.directory.joinpath("secrets/greeting").write_bytes(b"canary\xff")
    project.write("service: {description: '${GREETING}'}")
    found = project.finding(environ)
    assert found.what == "the file is not UTF-8 text"
    assert found.where.endswith("secrets/greeting")
    assert "canary" not in str(found)


def test_a_named_directory_must_be_there(project: Project) -> None:
    found = project.finding({"CHASSIS_SECRETS_DIR": "nowhere"})
    assert found.where == "environment variable CHASSIS_SECRETS_DIR"
    assert "no such file" in found.what


def test_folders_and_hidden_files_are_no_secrets(project: Project) -> None:
    project.secret("a", "1")
    project.secret(".b", "1")
    project.secret("c/d", "1")
    project.directory.joinpath("secrets/e").symlink_to(project.directory / "secrets/a")
    opened = open_secrets(project.directory / "secrets", Report(), is_named=True)
    assert sorted(opened.files) == ["a", "e"]
