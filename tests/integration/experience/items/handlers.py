"""What happens: a function for each command, query and event."""

from decimal import Decimal
from uuid import UUID

from fastapi_chassis.domain import Page
from tests.integration.experience.items.commands import CreateItem, ImportItems
from tests.integration.experience.items.events import ItemCreated
from tests.integration.experience.items.model import Item
from tests.integration.experience.items.queries import ActiveTitles, NewestOf, SearchItems
from tests.integration.experience.items.repository import ItemRepository


async def create_item(command: CreateItem, items: ItemRepository) -> UUID:
    item = Item.create(command.title, command.owner_id, command.price, command.meta)
    return (await items.add(item)).id


async def import_items(command: ImportItems, items: ItemRepository) -> int:
    rows = [
        Item(title=title, owner_id=command.owner_id, price=Decimal(1), is_active=command.is_active)
        for title in command.titles
    ]
    await items.add_many(rows, is_return_require=False)
    return len(rows)


async def newest_of(query: NewestOf, items: ItemRepository) -> list[Item]:
    return await items.newest_of(query.owner_id, query.limit)


async def search_items(query: SearchItems, items: ItemRepository) -> Page[Item]:
    text, cursor = query.text, query.cursor
    return await items.page(
        title__ilike=f"%{text}%",
        price__between=(5, 10),
        meta__color__jsonb_like="red",
        order=("-created_at",),
        after=cursor,
        limit=query.limit,
    )


async def active_titles(query: ActiveTitles, items: ItemRepository) -> list[str]:
    found = []
    async for item in items.stream(is_active=True):
        found.append(item.title)  # noqa: PERF401 - the loop as the face prints it
    return found


async def announce(event: ItemCreated) -> None:
    assert event.title
