"""The list: routers, handlers, consumers, repositories, tables."""

from fastapi_chassis.app import ServiceModule
from tests.integration.experience.items import handlers
from tests.integration.experience.items.model import Item
from tests.integration.experience.items.repository import ItemRepository
from tests.integration.experience.items.routes import router
from tests.integration.experience.items.tables import items

items_module = ServiceModule(
    "items",
    routers=(router,),
    handlers=(
        handlers.create_item,
        handlers.import_items,
        handlers.newest_of,
        handlers.search_items,
        handlers.active_titles,
    ),
    consumers=(handlers.announce,),
    repositories=(ItemRepository,),
    tables={Item: items},
)
