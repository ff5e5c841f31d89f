"""What type checkers know about repositories, handlers and units of work; checked, never run."""

from collections.abc import Sequence
from typing import assert_type
from uuid import UUID

from fastapi_chassis.application import (
    AbstractRepository,
    AbstractRepositoryInMemory,
    AbstractUnitOfWork,
    Command,
    EventSink,
    HandlerRegistry,
    InMemoryUnitOfWork,
    RecordedEvent,
    in_memory,
)
from fastapi_chassis.domain import BaseAggregate, BaseEntity, Page


class Item(BaseAggregate):
    title: str


class Word(BaseEntity[str]):
    meaning: str = ""


class ItemRepository(AbstractRepository[Item, UUID]):
    unique = (("title",),)

    async def newest_of(self, owner_id: UUID, limit: int = 20) -> list[Item]:
        return await self.find(owner_id=owner_id, order=("-created_at",), limit=limit)


class DirectRepository(AbstractRepositoryInMemory[Item, UUID]):
    async def all_titles(self) -> list[str]:
        return [item.title async for item in self.stream(title__like="%")]


class CreateItem(Command[UUID], public=True):
    title: str


async def create_item(command: CreateItem, items: AbstractRepository[Item, UUID]) -> UUID:
    item = await items.add(Item(title=command.title))
    return item.id


class RemoveItem:
    def __init__(self, items: ItemRepository) -> None:
        self._items = items

    async def __call__(self, command: CreateItem) -> None:
        await self._items.remove_where(title=command.title)


def list_items(command: CreateItem) -> list[str]:
    return [command.title]


async def answers(items: ItemRepository) -> None:
    key = UUID(int=1)
    assert_type(await items.get(key), Item)
    assert_type(await items.get_or_none(key), Item | None)
    assert_type(await items.find(title="a", limit=1), list[Item])
    assert_type(await items.first(), Item | None)
    assert_type(await items.page(after=None, count=True), Page[Item])
    assert_type((await items.page()).items, tuple[Item, ...])
    assert_type(await items.count(title__in=("a",)), int)
    assert_type(await items.exists(), bool)
    assert_type(await items.add(Item(title="a")), Item)
    assert_type(await items.add_many([Item(title="a")]), list[Item])
    assert_type(await items.update(Item(title="a")), Item)
    assert_type(await items.upsert(Item(title="a")), Item)
    async for item in items.stream():
        assert_type(item, Item)
    await items.get("a")  # type: ignore[arg-type]  # the key is a UUID
    await items.add(Word(id="a"))  # type: ignore[arg-type]  # another entity
    await items.find(limit="1")  # type: ignore[arg-type]  # the limit is a number


async def in_a_test() -> None:
    items = in_memory(ItemRepository)
    assert_type(items, ItemRepository)
    assert_type(await items.newest_of(UUID(int=1)), list[Item])
    await create_item(CreateItem(title="a"), items)
    await RemoveItem(items)(CreateItem(title="a"))
    words = in_memory(AbstractRepository[Word, str], InMemoryUnitOfWork())
    assert_type(await words.get("a"), Word)


def handlers(registry: HandlerRegistry) -> None:
    for handler in (create_item, RemoveItem, list_items):
        registry.add(handler)


class Sink:
    async def accept(self, events: Sequence[RecordedEvent], unit_of_work: AbstractUnitOfWork) -> None: ...


async def units_of_work() -> None:
    sink: EventSink = Sink()
    async with InMemoryUnitOfWork(sink=sink) as work:
        assert_type(work, InMemoryUnitOfWork)
        direct = DirectRepository(work)
        assert_type(await direct.all_titles(), list[str])
        work.after_commit(lambda: None)
        await work.commit()
