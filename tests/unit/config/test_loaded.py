import pytest

from tests.unit.config.project import HttpConfig, Project


def test_questions(project: Project) -> None:
    project.write("server:\n  port: 1\n  host: ${H:x}\nplugins: {redis: {}}\n")
    project.sections = {"http": HttpConfig}
    loaded = project.config()
    assert str(loaded.origin("server.port")) == "application.yaml:2"
    assert loaded.origin("server").place == "application.yaml:1"
    assert str(loaded.origin("nonsense")) == "default"
    assert loaded.section("server") is loaded.config.server
    assert loaded.section("http") == HttpConfig()
    for question in (loaded.plugin, loaded.kind, loaded.section):
        with pytest.raises(KeyError):
            question("nonsense")


@pytest.mark.requirement("CFG-5")
def test_no_secret_in_its_repr(project: Project) -> None:
    project.write("plugins: {redis: {url: 'redis://u:swordfish@h', password: swordfish}}")
    assert "swordfish" not in repr(project.config())
