"""What type checkers know about the smallest service, as the README prints it; checked, never run."""

from typing import assert_type
from uuid import UUID

from fastapi import APIRouter

from fastapi_chassis import (
    AbstractRepository,
    ApplicationAbstract,
    BaseAggregate,
    Command,
    Inject,
    IntegrationEvent,
    Mediator,
    ServiceModule,
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
    assert_type(item, Item)
    return item.id


async def announce(event: ItemCreated) -> None:
    assert_type(event.title, str)


router = APIRouter(prefix="/api/items", tags=["items"])


@router.post("/", status_code=201)
async def post_item(command: CreateItem, mediator: Inject[Mediator]) -> UUID:
    assert_type(mediator, Mediator)
    assert_type(await mediator.send(command), UUID)
    return await mediator.send(command)


class Shop(ApplicationAbstract):
    name = "shop"
    modules = (ServiceModule("items", routers=(router,), handlers=(create_item,), consumers=(announce,)),)
