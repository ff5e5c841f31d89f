import json
from pathlib import Path

import pytest
import typer

from fastapi_chassis.cli.doctor import examine
from fastapi_chassis.cli.options import Source
from tests.unit.cli.conftest import MODULE

FREE = ["server.port=0"]


@pytest.mark.usefixtures("shop")
def test_well(capsys: pytest.CaptureFixture[str]) -> None:
    examine(Source(settings=FREE), as_json=False)
    out = capsys.readouterr().out
    assert out.startswith("look")
    assert out.endswith("\ndoctor of shop: well\n")


@pytest.mark.usefixtures("shop")
def test_well_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        examine(Source(settings=FREE), as_json=True)
    assert ended.value.exit_code == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["look"] for one in found["looks"]] == [
        *("python", "plugins", "wiring", "port", "migrations", "backends"),
    ]
    assert found["findings"] == []


@pytest.mark.usefixtures("shop")
def test_wrong_configuration_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        examine(Source(settings=["server.prot=1"]), as_json=False)
    assert ended.value.exit_code == 1
    assert "Did you mean port?" in capsys.readouterr().out


def test_source_that_fails_could_not_run(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / f"{MODULE}.py").write_text("1 / 0\n")
    with pytest.raises(typer.Exit) as ended:
        examine(Source(), as_json=False)
    assert ended.value.exit_code == 2
    assert "the doctor could not look: 1 finding" in capsys.readouterr().err
