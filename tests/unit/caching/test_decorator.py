"""@cached on handlers and functions: how it asks for its port, and what it refuses."""

import inspect
from datetime import timedelta
from typing import get_type_hints
from uuid import UUID, uuid4

import pytest

from fastapi_chassis.app import ApplicationAbstract, ApplicationGenericBuilder, ServiceModule
from fastapi_chassis.application import (
    AbstractRepository,
    AbstractRepositoryInMemory,
    Command,
    InMemoryUnitOfWork,
    MemoryStore,
    Query,
    read_handler,
)
from fastapi_chassis.caching import InMemoryCache, InMemoryLock, ReadThroughCache, cached
from fastapi_chassis.config import DependencyConfig, ScopeEnum
from fastapi_chassis.domain import BaseAggregate, ValueObject


class Item(BaseAggregate):
    title: str


class ItemCard(ValueObject):
    title: str


class ItemsInMemory(AbstractRepositoryInMemory[Item, UUID]):
    pass


class GetCard(Query[ItemCard], public=True):
    item_id: UUID


class Rename(Command[str], public=True):
    item_id: UUID


@cached("card:{item_id}", ttl=60, tags=("items", "item:{item_id}"))
async def get_card(query: GetCard, items: AbstractRepository[Item, UUID]) -> ItemCard:
    """Says how an item looks."""
    return ItemCard(title=(await items.get(query.item_id)).title)


@cached("sum:{a}:{b}", ttl=timedelta(minutes=1), local=timedelta(seconds=1))
async def added(a: int, b: int = 1, *numbers: int, calls: list[int], **more: int) -> int:
    calls.append(a)
    return a + b


@pytest.fixture
def values() -> ReadThroughCache:
    return ReadThroughCache(InMemoryCache(), InMemoryLock())


@pytest.mark.requirement("CCH-3")
async def test_a_function_is_called_once_per_key(values: ReadThroughCache) -> None:
    calls: list[int] = []
    assert await added(1, 2, calls=calls, cached_values=values) == 3
    assert await added(1, b=2, calls=calls, cached_values=values) == 3
    assert await added(1, calls=calls, cached_values=values) == 2
    assert calls == [1, 1]
    await values.invalidate(added.key(1, 2))
    assert await added(a=1, b=2, calls=calls, cached_values=values) == 3
    assert calls == [1, 1, 1]


def test_it_asks_for_one_more_port_and_stays_what_it_was() -> None:
    handler = read_handler(get_card)
    assert handler.message is GetCard
    assert handler.is_async
    assert handler.dependencies == {
        "items": AbstractRepository[Item, UUID],
        "cached_values": ReadThroughCache,
    }
    assert (get_card.__name__, get_card.__doc__) == ("get_card", "Says how an item looks.")
    assert get_type_hints(get_card)["return"] is ItemCard
    kinds = [parameter.kind.name for parameter in inspect.signature(added).parameters.values()]
    assert kinds == [
        *("POSITIONAL_OR_KEYWORD", "POSITIONAL_OR_KEYWORD", "VAR_POSITIONAL"),
        *("KEYWORD_ONLY", "KEYWORD_ONLY", "VAR_KEYWORD"),
    ]


@pytest.mark.requirement("CCH-3")
async def test_within_a_transaction_nothing_is_read_from_the_cache_and_nothing_kept(
    values: ReadThroughCache,
) -> None:
    store = MemoryStore()
    item = Item(title="old")
    query = GetCard(item_id=item.id)

    async def card(items: ItemsInMemory) -> str:
        return (await get_card(query, items, cached_values=values)).title

    async with InMemoryUnitOfWork(store) as work:
        await ItemsInMemory(work).add(item)
        await work.commit()
    assert await card(ItemsInMemory(InMemoryUnitOfWork(store))) == "old"
    async with InMemoryUnitOfWork(store) as work:
        items = ItemsInMemory(work)
        item = await items.get(item.id)
        item.title = "new"
        await items.update(item)
        assert await card(items) == "new"
        values.invalidate_after_commit(work, get_card.key(query))
        assert await card(ItemsInMemory(InMemoryUnitOfWork(store))) == "old"
        await work.commit()
    assert await card(ItemsInMemory(InMemoryUnitOfWork(store))) == "new"


@pytest.mark.requirement("CCH-3")
async def test_the_container_gives_it_to_handlers() -> None:
    class Shop(ApplicationAbstract):
        name = "shop"
        modules = (ServiceModule("items", handlers=(get_card,)),)

    dependencies = DependencyConfig("the test")
    values = ReadThroughCache(InMemoryCache(), InMemoryLock())
    dependencies.bind(ReadThroughCache, lambda: values, scope=ScopeEnum.APPLICATION)
    builder = ApplicationGenericBuilder(Shop).with_sources(environ={}, directory="/nonexistent")
    assembly = builder.with_dependencies(dependencies).build().assembly
    assembly.container.open()
    kept = ItemCard(title="kept")

    async def card() -> ItemCard:
        return kept

    item_id = uuid4()
    await values.read(f"card:{item_id}", card, _policy_of_get_card(), tags=["items", f"item:{item_id}"])
    assert await assembly.mediator.send(GetCard(item_id=item_id)) == kept
    await assembly.container.close()


def _policy_of_get_card():
    from fastapi_chassis.caching import CachePolicy

    return CachePolicy[ItemCard](ItemCard, timedelta(minutes=1), f"{__name__}.get_card")


async def command(message: Rename) -> str: ...
async def no_answer(a: int): ...
async def entity(a: int) -> Item: ...
async def anything(a: int) -> object: ...
async def unknown(a: int) -> "Unknown": ...  # type: ignore[name-defined]  # noqa: F821
async def taken(a: int, cached_values: int) -> int: ...
async def stream(a: int):
    yield a


def plain(a: int) -> int:
    return a


class Handles:
    async def __call__(self, query: GetCard) -> ItemCard: ...


@pytest.mark.requirement("CCH-3")
@pytest.mark.parametrize(
    ("function", "what"),
    [
        (command, "a command changes something each time"),
        (no_answer, "say what it returns"),
        (entity, "Item can't be cached, because it changes"),
        (anything, "say what it returns"),
        (unknown, "Unknown"),
        (taken, "cached_values of its own"),
        (stream, "no async function"),
        (plain, "no async function"),
        (Handles, "no async function"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_can_not_be_cached_is_refused_where_it_is_decorated(function, what: str) -> None:
    with pytest.raises(TypeError, match=what) as caught:
        cached("key", ttl=1)(function)
    assert function.__qualname__ in str(caught.value)


@pytest.mark.parametrize("templates", [("k:{nobody}", ()), ("k:{a}", ("t:{nobody}",))])
def test_a_name_that_is_no_argument_is_refused(templates) -> None:
    key, tags = templates

    async def function(a: int) -> int: ...

    with pytest.raises(TypeError, match="nobody, which is no argument: there are a"):
        cached(key, ttl=1, tags=tags)(function)


@pytest.mark.parametrize("times", [{"ttl": 0}, {"ttl": -1.5}, {"ttl": timedelta(0)}, {"ttl": 1, "local": 0}])
def test_times_are_more_than_nothing(times) -> None:
    async def function(a: int) -> int: ...

    with pytest.raises(ValueError, match="more than no time"):
        cached("k:{a}", **times)(function)
