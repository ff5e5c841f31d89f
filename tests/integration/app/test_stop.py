"""What a stop does with a message that is under way."""

import asyncio
from uuid import UUID

import pytest

from fastapi_chassis.app import ApplicationAbstract, ServiceModule
from fastapi_chassis.application import AbstractRepository, Command
from fastapi_chassis.domain import BaseAggregate, IntegrationEvent


class Sold(IntegrationEvent):
    pass


class Item(BaseAggregate):
    pass


class Sell(Command[None], public=True):
    pass


async def sell(command: Sell, items: AbstractRepository[Item, UUID]) -> None:
    item = Item()
    item.record(Sold())
    await items.add(item)


@pytest.mark.requirement("APP-7")
async def test_a_message_that_is_under_way_finds_its_end() -> None:
    entered, released = asyncio.Event(), asyncio.Event()

    async def hear(event: Sold) -> None:
        entered.set()
        await released.wait()

    class Shop(ApplicationAbstract):
        name = "shop"
        modules = (ServiceModule("items", handlers=(sell,), consumers=(hear,)),)

    shop = Shop()
    await shop.start()
    await shop.mediator.send(Sell())
    await asyncio.wait_for(entered.wait(), 5)
    stopping = asyncio.create_task(shop.stop())
    await asyncio.sleep(0.05)
    released.set()
    await stopping
    # nothing waits in the outbox: the message was confirmed, not given up
    assert (await shop.assembly.stores.default.store.outbox().backlog()).count == 0
