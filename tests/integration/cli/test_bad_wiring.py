"""Parts that don't fit together end in one report and exit code 2, through the real command line."""

import pytest

from tests.integration.cli.folder import Folder

PLUGINS = """
from fastapi_chassis.app import PluginAbstract


class Sun(PluginAbstract):
    name = "sun"
    requires = ("moon",)


class Moon(PluginAbstract):
    name = "moon"
    requires = ("sun",)
"""

BLOCKED = """
import sys


class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "sqlalchemy":
            raise ModuleNotFoundError("No module named 'sqlalchemy'", name="sqlalchemy")


sys.meta_path.insert(0, Missing())
"""


def add(folder: Folder, code: str, module: str) -> None:
    folder.append(f"{code}\nShop.modules = (*Shop.modules, ServiceModule('more', {module}))\n")


@pytest.mark.requirement("APP-8", "DOM-2")
def test_two_handlers_of_one_command(folder: Folder) -> None:
    add(folder, "async def other(command: CreateItem) -> UUID: ...", "handlers=(other,)")
    report = folder.chassis("run").report
    assert "CreateItem has 2 handlers: shop.create_item, shop.other" in report
    assert "keep one, or send another command" in report


@pytest.mark.requirement("APP-8", "DOM-2")
def test_something_that_nothing_provides(folder: Folder) -> None:
    add(
        folder,
        "class Mailer: ...\nasync def remind(event: ItemCreated, mail: Mailer) -> None: ...",
        "consumers=(remind,)",
    )
    assert "shop.remind asks for Mailer, which nothing provides" in folder.chassis("run").report


def test_command_without_policy(folder: Folder) -> None:
    add(
        folder,
        "class Forget(Command[None]): ...\nasync def forget(command: Forget) -> None: ...",
        "handlers=(forget,)",
    )
    report = folder.chassis("run").report
    assert "Forget says nothing about who may send it" in report
    assert "public=True" in report


def test_route_without_policy(folder: Folder) -> None:
    route = "door = APIRouter()\n@door.get('/api/door')\nasync def open_door() -> int: return 1"
    add(folder, route, "routers=(door,)")
    report = folder.chassis("run").report
    assert "GET /api/door says nothing about who may call it" in report
    assert "shop.open_door" in report


@pytest.mark.requirement("APP-8")
def test_two_events_of_one_name(folder: Folder) -> None:
    add(
        folder,
        "class Other(IntegrationEvent, name='item_created'): ...\nasync def see(event: Other) -> None: ...",
        "consumers=(see,)",
    )
    report = folder.chassis("run").report
    assert "two events are called item_created version 1: shop.ItemCreated and shop.Other" in report


def test_consumer_of_what_is_no_event(folder: Folder) -> None:
    add(folder, "async def see(command: CreateItem) -> None: ...", "consumers=(see,)")
    assert "shop.see consumes CreateItem, which is no integration event" in folder.chassis("run").report


@pytest.mark.requirement("APP-8", "PLG-2")
def test_plugins_that_require_each_other(folder: Folder) -> None:
    folder.append(f"{PLUGINS}\nShop.plugins = (Sun, Moon)\n")
    report = folder.chassis("run").report
    assert "plugins require each other" in report
    assert "sun" in report
    assert "moon" in report


@pytest.mark.requirement("APP-8", "PLG-5")
def test_missing_extra_says_what_to_install(folder: Folder) -> None:
    folder.write("application.yaml", "plugins:\n  sqlalchemy: {}\n")
    folder.write("site/sitecustomize.py", BLOCKED)
    folder.environ["PYTHONPATH"] = str(folder.path / "site")
    report = folder.chassis("run").report
    assert 'pip install "fastapi-chassis[sqlalchemy]"' in report
    assert "application.yaml:2" in report
