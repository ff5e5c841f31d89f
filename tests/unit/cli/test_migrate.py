import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from fastapi_chassis.cli.migrate import check_migrations, run_migrations, write_migration
from fastapi_chassis.cli.options import Source
from tests.unit.cli.ledger import Ledger, ledger, service

type Named = Callable[..., type[Ledger]]


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Named:
    """Makes a ledger the plugin of the application at hand."""
    monkeypatch.chdir(tmp_path)

    def make(**state: object) -> type[Ledger]:
        kind = ledger(**state)
        monkeypatch.setattr("fastapi_chassis.cli.target.load_target", lambda _: service(kind))
        return kind

    return make


def test_applies_and_tells_each_step(named: Named, capsys: pytest.CaptureFixture[str]) -> None:
    named(missing=["0001", "0002"])
    run_migrations(Source(), down=None, as_json=False)
    assert capsys.readouterr().out == "ledger  applied  0001\nledger  applied  0002\n"
    run_migrations(Source(), down=None, as_json=False)
    assert capsys.readouterr().out == "ledger  nothing to do\n"


def test_goes_back(named: Named, capsys: pytest.CaptureFixture[str]) -> None:
    named()
    run_migrations(Source(), down="0001", as_json=False)
    assert capsys.readouterr().out == "ledger  undone  0001\n"
    run_migrations(Source(), down="0001", as_json=True)
    assert json.loads(capsys.readouterr().out) == {"ledger": ["0001"]}


def test_check_tells_and_changes_nothing(named: Named, capsys: pytest.CaptureFixture[str]) -> None:
    kind = named(missing=["0001"])
    with pytest.raises(typer.Exit) as ended:
        check_migrations(Source(), as_json=False)
    assert ended.value.exit_code == 1
    assert "ledger lacks 0001" in capsys.readouterr().out
    assert kind.missing == ["0001"]


def test_away_could_not_run(named: Named, capsys: pytest.CaptureFixture[str]) -> None:
    named(is_away=True)
    with pytest.raises(typer.Exit) as ended:
        check_migrations(Source(), as_json=False)
    assert ended.value.exit_code == 2
    assert "no server answers" in capsys.readouterr().err


def test_nobody_to_ask(source: Source, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        run_migrations(source, down=None, as_json=False)
    assert ended.value.exit_code == 2
    assert "no plugin of shop has migrations" in capsys.readouterr().err


def test_what_can_not_be_written_is_said(named: Named, capsys: pytest.CaptureFixture[str]) -> None:
    named()
    write_migration(Source(), "lines", as_json=False)
    assert capsys.readouterr().out == "ledger can't write migrations; write them by hand.\n"
