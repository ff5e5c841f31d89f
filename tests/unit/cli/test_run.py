import socket

import pytest
import typer

from fastapi_chassis.cli.options import Serving, Source
from fastapi_chassis.cli.run import run_application


@pytest.mark.requirement("APP-8")
def test_wrong_setting_is_a_report_under_the_service_name(
    source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        run_application(source, Serving(workers=0))
    assert ended.value.exit_code == 2
    err = capsys.readouterr().err
    assert err.startswith("shop could not start: 1 finding")
    assert "chassis doctor looks at the environment" in err


@pytest.mark.requirement("APP-8")
def test_port_in_use(source: Source, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder, pytest.raises(typer.Exit) as ended:
        run_application(source, Serving(port=holder.getsockname()[1]))
    assert ended.value.exit_code == 2
    assert "is in use by" in capsys.readouterr().err
