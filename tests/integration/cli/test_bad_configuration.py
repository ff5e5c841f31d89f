"""Configuration that can't be used ends in one report and exit code 2, through the real command line."""

import pytest

from tests.integration.cli.folder import CANARY, Folder

SECRET_SECTION = """
from typing import Annotated

from pydantic import SecretStr

from fastapi_chassis.config import ConfigModel, ProductionSecret, RootConfig


class SigningConfig(ConfigModel):
    key: Annotated[SecretStr, ProductionSecret()] = SecretStr("")


class ShopConfig(RootConfig):
    signing: SigningConfig = SigningConfig()


Shop.config_type = ShopConfig
"""

OPEN_HOSTS = "api: {allowed_hosts: [shop.example.com]}\n"


@pytest.mark.requirement("APP-8", "CFG-1")
def test_malformed_yaml_names_file_and_line(folder: Folder) -> None:
    folder.write("application.yaml", "service:\n  name: shop\n   version: 1\n")
    report = folder.chassis("run").report
    assert report.startswith("shop could not start: 1 finding")
    assert "application.yaml:3" in report


@pytest.mark.requirement("APP-8", "CFG-1")
def test_unknown_key_names_the_nearest(folder: Folder) -> None:
    folder.write("application.yaml", "server:\n  prot: 9000\n")
    report = folder.chassis("run").report
    assert "application.yaml:2  server.prot" in report
    assert "Did you mean port?" in report


@pytest.mark.requirement("APP-8", "CFG-1")
def test_wrong_type_names_the_expected_one(folder: Folder) -> None:
    folder.write("application.yaml", "server:\n  port: eighty\n")
    report = folder.chassis("run").report
    assert "application.yaml:2  server.port" in report
    assert "expected a whole number" in report


@pytest.mark.requirement("APP-8", "CFG-5")
def test_missing_secret_refuses_production(folder: Folder) -> None:
    folder.append(SECRET_SECTION)
    folder.write("application.yaml", OPEN_HOSTS)
    report = folder.chassis("run", "--profile", "production").report
    assert "signing.key" in report
    assert "this secret is not set" in report


@pytest.mark.requirement("APP-8", "CFG-5")
@pytest.mark.parametrize("command", [("run",), ("config", "show"), ("doctor",)])
def test_refused_secret_is_not_shown(folder: Folder, command: tuple[str, ...]) -> None:
    folder.append(SECRET_SECTION)
    folder.write("application.yaml", OPEN_HOSTS + 'signing: {key: "${SIGNING_KEY}"}\n')
    folder.environ["SIGNING_KEY"] = CANARY
    done = folder.chassis(*command, "--profile", "production", "--trace")
    assert done.code != 0
    assert "shorter than 32 characters" in done.out + done.err
    assert CANARY not in done.out + done.err


@pytest.mark.requirement("APP-8", "CFG-3")
def test_unset_variable_is_named(folder: Folder) -> None:
    folder.write("application.yaml", "service: {title: '${SHOP_TITLE}'}\n")
    assert "SHOP_TITLE" in folder.chassis("run").report


@pytest.mark.requirement("CFG-4")
def test_missing_file_is_named(folder: Folder) -> None:
    assert "there is no file" in folder.chassis("run", "--config", "shop.yaml").report


def test_unknown_profile_is_named(folder: Folder) -> None:
    assert "unknown environment nowhere" in folder.chassis("run", "--profile", "nowhere").report


def test_unknown_plugin_is_named(folder: Folder) -> None:
    folder.write("application.yaml", "plugins: {sqlalchemi: {}}\n")
    report = folder.chassis("run").report
    assert "no plugin is called sqlalchemi" in report
    assert "sqlalchemy" in report


@pytest.mark.requirement("APP-8")
def test_wrong_setting_of_the_command_line_is_named(folder: Folder) -> None:
    report = folder.chassis("run", "--set", "server.prot=1", "--set", "server.workers=0").report
    assert "2 findings" in report
    assert "Did you mean port?" in report
    assert "server.workers" in report


def test_setting_without_value_is_a_wrong_use(folder: Folder) -> None:
    done = folder.chassis("run", "--set", "server.port")
    assert done.code == 2
    assert "is no PATH=VALUE" in done.err
    assert "Traceback" not in done.err


@pytest.mark.requirement("APP-8")
def test_everything_is_told_at_once(folder: Folder) -> None:
    folder.write("application.yaml", "server:\n  prot: 9000\nlogging:\n  level: LOUD\n")
    folder.append("async def other(command: CreateItem) -> UUID: ...\n")
    folder.append("Shop.modules = (*Shop.modules, ServiceModule('more', handlers=(other,)))\n")
    report = folder.chassis("run").report
    assert report.startswith("shop could not start: 3 findings")
    assert "CreateItem has 2 handlers: shop.create_item, shop.other" in report
    assert report.rstrip().endswith(
        "exit 2 · chassis run --trace shows the stack · chassis doctor looks at the environment"
    )
