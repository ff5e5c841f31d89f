import asyncio

import pytest

from fastapi_chassis.application import InMemoryUnitOfWork, MemoryStore
from fastapi_chassis.domain import UnavailableException, new_id
from fastapi_chassis.messaging import InMemoryInbox, InMemoryOutbox, inbox_for, outbox_for
from fastapi_chassis.testing.contracts.outbox import claimed
from tests.unit.messaging.shop import Shop, created


async def test_the_memory_session_has_an_outbox_and_an_inbox() -> None:
    async with Shop().unit_of_work() as work:
        assert isinstance(outbox_for(work.session), InMemoryOutbox)
        assert isinstance(inbox_for(work.session), InMemoryInbox)


async def test_a_duplicate_waits_no_longer_than_a_writer_would() -> None:
    store, message_id = MemoryStore(lock_timeout=0.02), new_id()
    async with InMemoryUnitOfWork(store) as first, InMemoryUnitOfWork(store) as second:
        assert await inbox_for(first.session).accept("a", message_id)
        assert await inbox_for(second.session).accept("b", message_id)
        with pytest.raises(UnavailableException):
            await inbox_for(second.session).accept("a", message_id)


async def test_consumers_of_different_messages_do_not_wait_for_each_other() -> None:
    shop = Shop()
    async with shop.unit_of_work() as first, shop.unit_of_work() as second, asyncio.timeout(1):
        assert await inbox_for(first.session).accept("a", new_id())
        assert await inbox_for(second.session).accept("a", new_id())


async def test_nothing_is_kept_of_what_was_settled() -> None:
    shop = Shop()
    for _ in range(3):
        async with shop.unit_of_work() as work:
            await outbox_for(work.session).add([created() for _ in range(10)])
            await inbox_for(work.session).accept("a", new_id())
            await work.commit()
        claim = await claimed(shop.outbox)
        await shop.outbox.settle(claim, published=[entry.sequence for entry in claim.entries], failed={})
    assert len(shop.store._locks) == 0
    assert (await shop.outbox.backlog()).count == 0
