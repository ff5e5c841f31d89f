import json
from pathlib import Path

import pytest
import typer

from fastapi_chassis.cli.config import check, schema, show
from fastapi_chassis.cli.options import Source


@pytest.mark.requirement("CFG-7")
def test_show(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "application.yaml").write_text("server: {port: 9001}\nsecurity: {secret_key: open-sesame}\n")
    show(Source(), as_json=False)
    out = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "server.port 9001 application.yaml:1" in lines
    assert "server.host 127.0.0.1 default" in lines
    assert "open-sesame" not in out


@pytest.mark.requirement("CFG-7")
def test_show_for_programs(source: Source, capsys: pytest.CaptureFixture[str]) -> None:
    show(source, as_json=True)
    assert {"path": "api.cors.origins", "value": [], "origin": "default"} in json.loads(
        capsys.readouterr().out
    )


@pytest.mark.requirement("CFG-7")
def test_check(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(Source(), as_json=False)
    assert capsys.readouterr().out == "configuration of shop: well\n"
    (shop / "application.yaml").write_text("server: {prot: 1}\n")
    with pytest.raises(typer.Exit) as ended:
        check(Source(), as_json=False)
    assert ended.value.exit_code == 1
    assert "Did you mean port?" in capsys.readouterr().out


@pytest.mark.requirement("CFG-7")
def test_schema(source: Source, capsys: pytest.CaptureFixture[str]) -> None:
    schema(source, as_json=False)
    assert "sqlalchemy" in json.loads(capsys.readouterr().out)["properties"]["plugins"]["properties"]
