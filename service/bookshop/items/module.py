"""What the feature items is made of."""

from bookshop.items.handlers import (
    change_item,
    create_item,
    get_item,
    list_items,
    newest_items,
    remove_item,
)
from bookshop.items.lists import ItemLists
from bookshop.items.model import ADMINISTER, Item
from bookshop.items.repository import ItemRepository
from bookshop.items.routes import router
from bookshop.items.tables import items
from bookshop.versions import versioned
from fastapi_chassis.app import ServiceModule
from fastapi_chassis.config import DependencyConfig

items_module = ServiceModule(
    "items",
    routers=versioned(router),
    handlers=(create_item, change_item, remove_item, get_item, newest_items, list_items),
    repositories=(ItemRepository,),
    tables={Item: items},
    providers=DependencyConfig("items").bind(ItemLists),
    permissions=frozenset({"items:read", "items:write", ADMINISTER}),
)
