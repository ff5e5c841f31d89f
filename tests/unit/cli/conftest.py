"""A small service in a folder of its own, importable under a name of its own."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastapi_chassis.app import ApplicationAbstract
from fastapi_chassis.cli.options import Source
from fastapi_chassis.cli.target import load_target

SHOP = """
from fastapi import APIRouter

from fastapi_chassis.api import Inject
from fastapi_chassis.app import ApplicationAbstract, ServiceModule
from fastapi_chassis.application import Command, Mediator, Query
from fastapi_chassis.domain import DomainEvent, IntegrationEvent


class ItemSold(IntegrationEvent, name="cli_item_sold"):
    title: str


class StockLow(DomainEvent):
    title: str


class SellItem(Command[None], requires="items:write"):
    title: str


class CountItems(Query[int], public=True):
    pass


async def sell_item(command: SellItem) -> None: ...


async def count_items(query: CountItems) -> int:
    return 0


async def reorder(event: StockLow) -> None: ...


async def announce(event: ItemSold) -> None: ...


router = APIRouter(prefix="/api/items")


@router.post("/", status_code=204)
async def post_item(command: SellItem, mediator: Inject[Mediator]) -> None:
    await mediator.send(command)


class Shop(ApplicationAbstract):
    name = "shop"
    version = "1.4.0"
    modules = (
        ServiceModule(
            "items",
            routers=(router,),
            handlers=(sell_item, count_items, reorder),
            consumers=(announce,),
        ),
    )
"""

MODULE = "shop_of_cli_tests"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder with the service; it is also the working folder."""
    (tmp_path / f"{MODULE}.py").write_text(SHOP, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(f'[tool.chassis]\napp = "{MODULE}:Shop"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    sys.modules.pop(MODULE, None)


@pytest.fixture
def source(shop: Path) -> Source:
    return Source()


@pytest.fixture
def application(shop: Path) -> ApplicationAbstract:
    return load_target(None)()
