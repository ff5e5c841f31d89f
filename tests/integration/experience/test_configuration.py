"""Configuration: the printed file, a profile over it, the environment over both, and an own typed section."""

import signal

import pytest

from tests.integration.cli.folder import CANARY, Folder, free_port
from tests.integration.experience.calls import call
from tests.integration.experience.printed import CONFIGURATION, CONFIGURATION_SO_FAR

OWN_SECTION = """
from fastapi_chassis import Query, RootConfig
from fastapi_chassis.config import ConfigModel


class PricesConfig(ConfigModel):
    currency: str = "EUR"


class Settings(RootConfig):
    prices: PricesConfig = PricesConfig()


class CurrencyOf(Query[str], public=True):
    pass


async def currency_of(query: CurrencyOf, settings: Settings) -> str:
    return settings.prices.currency


@router.post("/currency")
async def post_currency(query: CurrencyOf, mediator: Inject[Mediator]) -> str:
    return await mediator.send(query)


class OwnShop(Shop):
    config_type = Settings
    modules = (*Shop.modules, ServiceModule("prices", handlers=(currency_of,)))
"""


def shown(folder: Folder, *arguments: str, target: str = "shop:Shop") -> dict[str, tuple[object, str]]:
    rows = folder.chassis("config", "show", target, "--json", *arguments).json
    return {row["path"]: (row["value"], row["origin"]) for row in rows}


@pytest.mark.requirement("CFG-3", "CFG-7")
def test_printed_file_and_what_lies_over_it(folder: Folder) -> None:
    folder.write("application.yaml", CONFIGURATION_SO_FAR)
    folder.write("application.production.yaml", "plugins: {sqlalchemy: {pool_size: 5, max_overflow: 3}}\n")
    own = f"a-secret-of-its-own-{CANARY}"
    folder.environ |= {"CHASSIS_SECURITY__SECRET_KEY": own, "CHASSIS_API__ALLOWED_HOSTS": '["shop.example"]'}

    before = shown(folder)
    assert before["service.name"] == ("shop", "application.yaml:3")
    assert before["service.version"] == ("1.4.0", "application.yaml:3")
    assert before["plugins.sqlalchemy.url"][0] == "sqlite+aiosqlite:///shop.db"
    assert before["plugins.sqlalchemy.pool_size"] == (10, "default")
    assert before["api.allowed_hosts"] == (
        ["shop.example"],
        "environment variable CHASSIS_API__ALLOWED_HOSTS",
    )

    folder.environ["DATABASE_URL"] = "sqlite:///elsewhere.db"
    folder.environ["CHASSIS_PLUGINS__SQLALCHEMY__MAX_OVERFLOW"] = "4"
    after = shown(folder, "--profile", "production")
    assert after["plugins.sqlalchemy.url"] == (
        "sqlite+aiosqlite:///elsewhere.db",
        "application.yaml:5 ${DATABASE_URL}",
    )
    assert after["plugins.sqlalchemy.pool_size"] == (5, "application.production.yaml:1")
    assert after["plugins.sqlalchemy.max_overflow"] == (
        4,
        "environment variable CHASSIS_PLUGINS__SQLALCHEMY__MAX_OVERFLOW",
    )


@pytest.mark.requirement("CFG-1")
def test_parts_that_have_no_room_yet_are_named(folder: Folder) -> None:
    folder.write("application.yaml", CONFIGURATION)
    report = folder.chassis("run", "shop:Shop").report
    assert report.startswith("shop could not start: 3 findings")
    for key in ("outbox", "inbox"):
        assert f"application.yaml:7  plugins.kafka.{key}\n   unknown key\n" in report
    assert "application.yaml:8  http\n   unknown key\n" in report


@pytest.mark.requirement("CFG-2")
def test_own_settings_are_one_typed_attribute(folder: Folder) -> None:
    folder.append(OWN_SECTION)
    folder.write("application.yaml", "prices: {currency: CHF}\n")
    port = free_port()
    with folder.running("shop:OwnShop", "--port", str(port)) as service:
        service.prints("ready in")
        assert call(port, "/api/items/currency", {}).json == "CHF"
        assert service.stopped_by(signal.SIGTERM) == 0
    folder.environ["CHASSIS_PRICES__CURRENCY"] = "USD"
    assert shown(folder, target="shop:OwnShop")["prices.currency"] == (
        "USD",
        "environment variable CHASSIS_PRICES__CURRENCY",
    )
    folder.write("application.yaml", "prices: {curency: CHF}\n")
    report = folder.chassis("run", "shop:OwnShop").report
    assert "application.yaml:1  prices.curency\n   unknown key. Did you mean currency?" in report
