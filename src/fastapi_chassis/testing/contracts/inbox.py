"""What every inbox promises: a consumer accepts a message once, in the transaction of its effect."""

# ruff: noqa: D102 - a test says what it checks by its name

import asyncio
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import pytest

from fastapi_chassis.domain import TransientConflictException, new_id
from fastapi_chassis.messaging import InboxStore, inbox_for, outbox_for
from fastapi_chassis.testing.contracts.envelopes import envelope
from fastapi_chassis.testing.contracts.outbox import OutboxHarness

ALL = timedelta(0)


class InboxHarness(OutboxHarness, Protocol):
    """One store, empty when a test begins; its outbox serves as the effect of a message."""

    def inbox(self) -> InboxStore:
        """Returns the inbox as maintenance sees it: each call is its own transaction."""
        ...


async def accept(store: InboxHarness, message_id: UUID, consumer: str = "shop.announce") -> bool:
    """Accepts a message in a transaction of its own, and commits."""
    async with store.unit_of_work() as work:
        is_new = await inbox_for(work.session).accept(consumer, message_id)
        await work.commit()
    return is_new


class InboxContract:
    """Everything that an inbox promises; a subclass supplies `store`, an InboxHarness."""

    async def test_a_message_is_accepted_once(self, store: InboxHarness) -> None:
        message_id = new_id()
        assert await accept(store, message_id)
        assert not await accept(store, message_id)
        assert await accept(store, new_id())

    async def test_each_consumer_accepts_for_itself(self, store: InboxHarness) -> None:
        message_id = new_id()
        assert await accept(store, message_id, "shop.announce")
        assert await accept(store, message_id, "shop.count")
        assert not await accept(store, message_id, "shop.announce")
        assert not await accept(store, message_id, "shop.count")

    async def test_a_second_time_within_one_transaction_is_told(self, store: InboxHarness) -> None:
        message_id = new_id()
        async with store.unit_of_work() as work:
            inbox = inbox_for(work.session)
            assert await inbox.accept("shop.announce", message_id)
            assert not await inbox.accept("shop.announce", message_id)
            assert await inbox.accept("shop.count", message_id)

    async def test_a_duplicate_leaves_the_transaction_usable(self, store: InboxHarness) -> None:
        message_id = new_id()
        assert await accept(store, message_id)
        async with store.unit_of_work() as work:
            assert not await inbox_for(work.session).accept("shop.announce", message_id)
            await outbox_for(work.session).add([envelope()])
            await work.commit()
        assert (await store.outbox().backlog()).count == 1

    async def test_a_rollback_forgets(self, store: InboxHarness) -> None:
        message_id = new_id()

        async def fail() -> None:
            async with store.unit_of_work() as work:
                assert await inbox_for(work.session).accept("shop.announce", message_id)
                raise LookupError

        with pytest.raises(LookupError):
            await fail()
        assert await accept(store, message_id)

    async def test_of_duplicates_that_come_together_one_has_its_effect(self, store: InboxHarness) -> None:
        message_id = new_id()

        async def handle() -> bool:
            async with store.unit_of_work() as work:
                if not await inbox_for(work.session).accept("shop.announce", message_id):
                    return False
                await asyncio.sleep(0.05)
                await outbox_for(work.session).add([envelope()])
                await work.commit()
            return True

        outcomes = await asyncio.gather(*(handle() for _ in range(5)))
        assert sorted(outcomes) == [False] * 4 + [True]
        assert (await store.outbox().backlog()).count == 1

    async def test_a_duplicate_takes_over_from_one_that_is_rolled_back(self, store: InboxHarness) -> None:
        message_id, first_has_accepted = new_id(), asyncio.Event()

        async def fail() -> None:
            async with store.unit_of_work() as work:
                await inbox_for(work.session).accept("shop.announce", message_id)
                first_has_accepted.set()
                await asyncio.sleep(0.1)

        failing = asyncio.create_task(fail())
        await first_has_accepted.wait()
        assert await accept(store, message_id)
        await failing

    async def test_different_messages_do_not_refuse_each_other(self, store: InboxHarness) -> None:
        outcomes = await asyncio.gather(*(accept(store, new_id()) for _ in range(10)))
        assert outcomes == [True] * 10

    async def test_of_many_those_are_told_that_are_new(self, store: InboxHarness) -> None:
        had, new, other = new_id(), new_id(), new_id()
        assert await accept(store, had)
        async with store.unit_of_work() as work:
            inbox = inbox_for(work.session)
            assert await inbox.accept_many("shop.announce", [new, had, other]) == {new, other}
            assert await inbox.accept_many("shop.announce", [new, had, other]) == frozenset()
            assert await inbox.accept_many("shop.count", [new, had]) == {new, had}
            assert await inbox.accept_many("shop.count", []) == frozenset()
            await work.commit()
        assert not await accept(store, new)
        assert not await accept(store, had, "shop.count")
        assert await accept(store, other, "shop.count")

    async def test_of_many_a_message_that_is_there_twice_is_told_once(self, store: InboxHarness) -> None:
        message_id = new_id()
        async with store.unit_of_work() as work:
            inbox = inbox_for(work.session)
            assert await inbox.accept_many("shop.announce", [message_id, message_id]) == {message_id}
            await work.commit()
        assert not await accept(store, message_id)

    async def test_a_rollback_forgets_all_of_many(self, store: InboxHarness) -> None:
        message_ids = [new_id() for _ in range(3)]
        async with store.unit_of_work() as work:
            assert await inbox_for(work.session).accept_many("shop.announce", message_ids)
        assert [await accept(store, one) for one in message_ids] == [True] * 3

    async def test_of_many_that_overlap_each_message_has_one_effect(self, store: InboxHarness) -> None:
        message_ids = [new_id() for _ in range(10)]

        async def handle(mine: list[UUID]) -> int:
            for _ in range(10):
                try:
                    async with store.unit_of_work() as work:
                        new = await inbox_for(work.session).accept_many("shop.announce", mine)
                        await asyncio.sleep(0.02)
                        await outbox_for(work.session).add([envelope() for _ in new])
                        await work.commit()
                    return len(new)
                except TransientConflictException:
                    await asyncio.sleep(0.02)
            raise AssertionError("it never came to its end")

        parts = (message_ids, message_ids[::-1], message_ids[3:], message_ids[:7][::-1])
        assert sum(await asyncio.gather(*map(handle, parts))) == 10
        assert (await store.outbox().backlog()).count == 10

    async def test_purge_forgets_the_old_in_bounded_steps(self, store: InboxHarness) -> None:
        old = [new_id() for _ in range(5)]
        for message_id in old:
            assert await accept(store, message_id)
        inbox = store.inbox()
        assert await inbox.purge(timedelta(hours=1), limit=100) == 0
        assert not await accept(store, old[0])
        await asyncio.sleep(0.01)
        assert await inbox.purge(ALL, limit=3) == 3
        assert await inbox.purge(ALL, limit=3) == 2
        assert await inbox.purge(ALL, limit=3) == 0
        assert await accept(store, old[0])

    async def test_purge_keeps_what_is_young(self, store: InboxHarness) -> None:
        old, young = new_id(), new_id()
        assert await accept(store, old)
        await asyncio.sleep(1.1)
        assert await accept(store, young)
        assert await store.inbox().purge(timedelta(seconds=1), limit=100) == 1
        assert await accept(store, old)
        assert not await accept(store, young)
