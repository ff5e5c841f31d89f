import pytest
import typer

from fastapi_chassis.cli.options import Source
from fastapi_chassis.cli.relay import relay_messages


def test_without_a_broker_it_ends_with_a_report(source: Source, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        relay_messages(source)
    assert ended.value.exit_code == 2
    told = capsys.readouterr().err
    assert "messages stay in the process" in told
    assert "enable a plugin that carries them" in told
