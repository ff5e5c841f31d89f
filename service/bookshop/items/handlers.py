"""What happens with items: one function per command or query."""

from typing import Any, cast
from uuid import UUID

from bookshop.items.commands import ChangeItem, CreateItem, RemoveItem
from bookshop.items.lists import LISTS, ItemLists
from bookshop.items.model import ADMINISTER, Item, ItemCard
from bookshop.items.queries import GetItem, ListItems, NewestItems
from bookshop.items.repository import ItemRepository
from fastapi_chassis.application import Principal
from fastapi_chassis.caching import cached
from fastapi_chassis.domain import Clock, ConflictException, Page


async def create_item(
    command: CreateItem, items: ItemRepository, caller: Principal, clock: Clock, lists: ItemLists
) -> Item:
    """Offers something in the caller's name."""
    lists.forget_after_commit()
    item = Item.create(
        title=command.title, description=command.description, owner_id=UUID(caller.subject), at=clock.now()
    )
    return await items.add(item)


async def change_item(
    command: ChangeItem, items: ItemRepository, caller: Principal, clock: Clock, lists: ItemLists
) -> Item:
    """Changes an item of the caller's own."""
    lists.forget_after_commit()
    item = await _owned(command.item_id, command.expected_version, items, caller)
    item.change(
        title=command.title, description=command.description, is_active=command.is_active, at=clock.now()
    )
    return await items.update(item)


async def remove_item(
    command: RemoveItem, items: ItemRepository, caller: Principal, lists: ItemLists
) -> None:
    """Takes an item of the caller's own away."""
    lists.forget_after_commit()
    await items.remove(await _owned(command.item_id, command.expected_version, items, caller))


async def get_item(query: GetItem, items: ItemRepository) -> Item:
    """Answers with one item."""
    return await items.get(query.item_id)


@cached("items:newest:{limit}", ttl=30, tags=(LISTS,))
async def newest_items(query: NewestItems, items: ItemRepository) -> Page[ItemCard]:
    """Answers with the first page of all items, kept until one of them changes."""
    return _cards(await items.page(order=("-created_at",), limit=query.limit))


async def list_items(query: ListItems, items: ItemRepository) -> Page[ItemCard]:
    """Answers with a page of items."""
    filters = cast("dict[str, Any]", query.filters)  # checked by the repository
    return _cards(await items.page(order=query.order, limit=query.limit, after=query.after, **filters))


def _cards(page: Page[Item]) -> Page[ItemCard]:
    return Page(tuple(item.card() for item in page.items), page.next, page.total)


async def _owned(
    item_id: UUID, expected_version: int | None, items: ItemRepository, caller: Principal
) -> Item:
    item = await items.get(item_id)
    item.require_owner(UUID(caller.subject), is_administrator=caller.may(ADMINISTER))
    if expected_version not in {None, item.version}:
        details = {"entity": "Item", "key": str(item_id), "current_version": item.version}
        raise ConflictException("the item has changed since it was read", details=details)
    return item
