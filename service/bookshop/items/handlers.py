"""What happens with items: one function per command or query."""

from typing import Any, cast
from uuid import UUID

from bookshop.items.commands import ChangeItem, CreateItem, RemoveItem
from bookshop.items.model import ADMINISTER, Item
from bookshop.items.queries import GetItem, ListItems
from bookshop.items.repository import ItemRepository
from fastapi_chassis.application import Principal
from fastapi_chassis.domain import Clock, ConflictException, Page


async def create_item(command: CreateItem, items: ItemRepository, caller: Principal, clock: Clock) -> Item:
    """Offers something in the caller's name."""
    item = Item.create(
        title=command.title, description=command.description, owner_id=UUID(caller.subject), at=clock.now()
    )
    return await items.add(item)


async def change_item(command: ChangeItem, items: ItemRepository, caller: Principal, clock: Clock) -> Item:
    """Changes an item of the caller's own."""
    item = await _owned(command.item_id, command.expected_version, items, caller)
    item.change(
        title=command.title, description=command.description, is_active=command.is_active, at=clock.now()
    )
    return await items.update(item)


async def remove_item(command: RemoveItem, items: ItemRepository, caller: Principal) -> None:
    """Takes an item of the caller's own away."""
    await items.remove(await _owned(command.item_id, command.expected_version, items, caller))


async def get_item(query: GetItem, items: ItemRepository) -> Item:
    """Answers with one item."""
    return await items.get(query.item_id)


async def list_items(query: ListItems, items: ItemRepository) -> Page[Item]:
    """Answers with a page of items."""
    filters = cast("dict[str, Any]", query.filters)  # checked by the repository
    return await items.page(order=query.order, limit=query.limit, after=query.after, **filters)


async def _owned(
    item_id: UUID, expected_version: int | None, items: ItemRepository, caller: Principal
) -> Item:
    item = await items.get(item_id)
    item.require_owner(UUID(caller.subject), is_administrator=caller.may(ADMINISTER))
    if expected_version not in {None, item.version}:
        details = {"entity": "Item", "key": str(item_id), "current_version": item.version}
        raise ConflictException("the item has changed since it was read", details=details)
    return item
