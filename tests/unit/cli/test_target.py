from pathlib import Path

import pytest

from fastapi_chassis.cli.options import Source
from fastapi_chassis.cli.target import TargetError, blueprint_of, build_target, load_target
from fastapi_chassis.domain import ChassisError, Finding
from tests.unit.cli.conftest import MODULE


def finding(target: str | None) -> Finding:
    with pytest.raises(TargetError) as caught:
        load_target(target)
    (only,) = caught.value.findings
    return only


@pytest.mark.usefixtures("shop")
def test_named_and_configured_target() -> None:
    assert load_target(f"{MODULE}:Shop") is load_target(None)


def test_working_folder_is_importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["/nowhere"])
    assert finding("no_such_shop:Shop").what == f"there is no module no_such_shop in {tmp_path}"


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    "name", [MODULE, f"{MODULE}:Shopp", f"{MODULE}:router", f"{MODULE}:ApplicationAbstracts"]
)
def test_what_is_no_application_names_the_known(name: str) -> None:
    assert finding(name).remedy == f"there is {MODULE}:Shop."


def test_nothing_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert finding(None).what == "it was not said which application"
    (tmp_path / "pyproject.toml").write_text("[tool.chassis]\napp = 1\n")
    assert finding(None).what == "it was not said which application"
    (tmp_path / "pyproject.toml").write_text("[tool.chassis")
    assert finding(None).where == "pyproject.toml"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("import no_such_library", "can't be imported: no_such_library is not installed"),
        ("1 / 0", "can't be imported: ZeroDivisionError: division by zero"),
        ("def x(:", "can't be imported: SyntaxError"),
    ],
)
def test_module_that_fails(shop: Path, text: str, what: str) -> None:
    (shop / f"{MODULE}.py").write_text(f"\n{text}\n")
    found = finding(None)
    assert what in found.what
    assert found.where == f"{MODULE}.py:2"


def test_finding_of_the_module_passes(shop: Path) -> None:
    (shop / f"{MODULE}.py").write_text(
        "from fastapi_chassis.domain import ChassisError, Finding\n"
        "raise ChassisError(Finding('an extra is missing'))\n"
    )
    with pytest.raises(ChassisError, match="an extra is missing"):
        load_target(None)


@pytest.mark.usefixtures("shop")
def test_settings_reach_the_application() -> None:
    built = build_target(Source(settings=["server.port=9000"], profile="test"), **{"service.title": "Books"})
    assert built.config.server.port == 9000
    assert built.config.environment == "test"
    assert built.config.service.title == "Books"


def test_blueprint_has_settings_and_sources() -> None:
    blueprint = blueprint_of(Source(settings=["a.b=1"], config=Path("x.yaml")), **{"c.d": 2})
    assert blueprint.arguments == {"a.b": "1", "c.d": 2}
    assert blueprint.sources == {"file": Path("x.yaml")}
