"""The blocks of the face as they are printed, letter by letter."""

# ruff: noqa: E501

SHOP = """
# shop.py
from uuid import UUID
from fastapi import APIRouter
from fastapi_chassis import (
    AbstractRepository, ApplicationAbstract, BaseAggregate, Command, Inject, IntegrationEvent, Mediator, ServiceModule,
)

class ItemCreated(IntegrationEvent):
    item_id: UUID
    title: str

class Item(BaseAggregate):
    title: str

    @classmethod
    def create(cls, title: str) -> "Item":
        item = cls(title=title)
        item.record(ItemCreated(item_id=item.id, title=title))
        return item

class CreateItem(Command[UUID], public=True):
    title: str

async def create_item(command: CreateItem, items: AbstractRepository[Item, UUID]) -> UUID:
    item = await items.add(Item.create(command.title))
    return item.id

async def announce(event: ItemCreated) -> None:
    print("new:", event.title)

router = APIRouter(prefix="/api/items", tags=["items"])

@router.post("/", status_code=201)
async def post_item(command: CreateItem, mediator: Inject[Mediator]) -> UUID:
    return await mediator.send(command)

class Shop(ApplicationAbstract):
    name = "shop"
    modules = (ServiceModule("items", routers=(router,), handlers=(create_item,), consumers=(announce,)),)
"""

SHOP_TEST = """
from fastapi_chassis.testing import TestApplication
from shop import ItemCreated, announce


async def test_item_is_announced(app: TestApplication):            # fixture of the pytest plugin, memory twins of everything
    response = await app.client.post("/api/items/", json={"title": "Dune"})
    assert response.status_code == 201
    await app.settled()                                            # every message has found its end
    app.published(ItemCreated, title="Dune")
    app.handled(announce, times=1)
"""

CONFIGURATION = """
# application.yaml
service: {name: shop, version: 1.4.0}
plugins:
  sqlalchemy: {url: "${DATABASE_URL:sqlite+aiosqlite:///shop.db}"}
  redis:      {enabled: ${REDIS_ENABLED:false}, url: redis://localhost:6379, required: false}
  kafka:      {bootstrap_servers: ["localhost:9092"], outbox: true, inbox: true}
http:
  clients:
    catalogue: {base_url: https://catalogue.internal, auth: {oauth2: {client_id: shop, client_secret: "${CATALOGUE_SECRET}"}}, retry: {attempts: 3}, breaker: {failures: 5}}
"""

# What of it has its room by now.
CONFIGURATION_SO_FAR = """
# application.yaml
service: {name: shop, version: 1.4.0}
plugins:
  sqlalchemy: {url: "${DATABASE_URL:sqlite+aiosqlite:///shop.db}"}
"""
