import asyncio
from uuid import UUID

import pytest

from fastapi_chassis.application import (
    AbstractRepository,
    AbstractRepositoryInMemory,
    InMemoryUnitOfWork,
    MemoryStore,
    in_memory,
)
from fastapi_chassis.domain import AlreadyExistsException, BaseAggregate, UnavailableException


class Item(BaseAggregate):
    title: str


class Items(AbstractRepositoryInMemory[Item, UUID]):
    unique = (("title",),)


@pytest.mark.requirement("TST-1")
async def test_without_a_unit_of_work_each_call_is_its_own() -> None:
    items = in_memory(AbstractRepository[Item, UUID])
    item = await items.add(Item(title="a"))
    item.title = "b"
    await items.update(item)
    assert [one.title for one in await items.find()] == ["b"]
    await items.remove(item)
    assert await items.count() == 0


@pytest.mark.requirement("TST-1")
async def test_a_class_may_derive_from_the_memory_twin_directly() -> None:
    items = Items()
    await items.add(Item(title="a"))
    with pytest.raises(AlreadyExistsException):
        await items.add_many([Item(title="b"), Item(title="a")])
    assert await items.count() == 1
    await items.add(Item(title="b"))


async def test_two_made_without_a_unit_of_work_share_nothing() -> None:
    await (one := Items()).add(Item(title="a"))
    assert (await one.count(), await Items().count()) == (1, 0)


async def test_a_writer_waits_for_another_one_and_then_gives_up() -> None:
    store = MemoryStore(lock_timeout=0.02)
    first, second = InMemoryUnitOfWork(store), InMemoryUnitOfWork(store)
    async with first:
        await Items(first).add(Item(title="a"))
        async with second:
            with pytest.raises(UnavailableException) as told:
                await Items(second).add(Item(title="b"))
            assert told.value.retry_after == 1
        await first.commit()
    async with second:
        await Items(second).add(Item(title="b"))
        await second.commit()
    assert await Items(first).count() == 2


async def test_a_reader_is_no_writer() -> None:
    store = MemoryStore(lock_timeout=0.02)
    first, second = InMemoryUnitOfWork(store), InMemoryUnitOfWork(store)
    async with first, second:
        assert await Items(first).count() == 0
        await Items(second).add(Item(title="a"))


async def test_a_waiting_writer_that_is_cancelled_holds_nothing() -> None:
    store = MemoryStore()
    first = InMemoryUnitOfWork(store)

    async def write(title: str) -> None:
        work = InMemoryUnitOfWork(store)
        async with work:
            await Items(work).add(Item(title=title))
            await work.commit()

    async with first:
        await Items(first).add(Item(title="a"))
        waiting = asyncio.create_task(write("b"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        await first.commit()
    await asyncio.wait_for(write("c"), 1)
    assert [item.title for item in await Items(first).find(order=("title",))] == ["a", "c"]
