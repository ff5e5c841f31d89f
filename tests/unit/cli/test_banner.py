import pytest

from fastapi_chassis.app import ApplicationAbstract, PluginAbstract
from fastapi_chassis.cli.banner import banner, print_banner
from fastapi_chassis.config import PluginConfig
from fastapi_chassis.status import HealthStatusEnum

URL = "http://127.0.0.1:8000"


class Ledger(PluginAbstract[PluginConfig]):
    name = "ledger"


class Press(PluginAbstract[PluginConfig]):
    name = "press"


class WithPlugins(ApplicationAbstract):
    name = "shop"
    version = "1.4.0"
    plugins = (Ledger, Press)


def test_says_what_runs_where_and_how_its_parts_are(application: ApplicationAbstract) -> None:
    first, second = banner(application, URL, 0.412)
    assert first == "shop 1.4.0 · development · http://127.0.0.1:8000/api/docs"
    assert second == "no plugins · ready in 0.41 s"


@pytest.mark.usefixtures("shop")
def test_names_plugins_that_are_away() -> None:
    application = WithPlugins()
    application.status.register("press")
    application.status.report("press", HealthStatusEnum.UNHEALTHY, "no paper")
    assert banner(application, URL, 1)[1] == "ledger · press away · ready in 1.00 s"


def test_prints_both_lines(application: ApplicationAbstract, capsys: pytest.CaptureFixture[str]) -> None:
    print_banner(application, URL, 1)
    assert len(capsys.readouterr().out.splitlines()) == 2
