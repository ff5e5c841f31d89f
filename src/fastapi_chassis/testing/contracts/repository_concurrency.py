"""What every repository guarantees when several transactions meet."""

# ruff: noqa: D102 - a test says what it checks by its name

import asyncio
from collections import Counter
from uuid import UUID

import pytest

from fastapi_chassis.domain import (
    AlreadyExistsException,
    ConflictException,
    NotFoundException,
    UnavailableException,
    new_id,
)
from fastapi_chassis.testing.contracts.harness import (
    RepositoryHarness,
    read,
    several_at_once,
    store_samples,
    written,
)
from fastapi_chassis.testing.contracts.samples import Sample, SampleRepository

PATIENCE = 60.0  # seconds; a test that waits for longer hangs


async def increment(store: RepositoryHarness, key: UUID) -> None:
    """Adds one, and begins anew where another writer was quicker."""
    while True:
        try:
            async with written(store) as samples:
                sample = await samples.get(key)
                sample.amount += 1
                await samples.update(sample)
        except (ConflictException, UnavailableException):
            continue
        return


async def never_end(store: RepositoryHarness, key: UUID) -> None:
    """Writes, and then keeps the transaction open."""
    async with written(store) as samples:
        await samples.update(await samples.get(key))
        await asyncio.Event().wait()


class RepositoryConcurrencyContract:
    """Nobody's change is lost, and nobody waits forever."""

    async def test_fifty_increments_make_fifty(self, store: RepositoryHarness) -> None:
        sample = Sample(code="a")
        await store_samples(store, sample)
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            for _ in range(50):
                group.create_task(increment(store, sample.id))
        async with read(store) as samples:
            found = await samples.get(sample.id)
        assert (found.amount, found.version) == (50, 51)

    async def test_of_two_changes_to_one_state_the_second_conflicts(self, store: RepositoryHarness) -> None:
        sample = Sample(code="a")
        await store_samples(store, sample)
        both_have_read = asyncio.Barrier(2)

        async def change(title: str) -> str:
            async with read(store) as samples:
                mine = await samples.get(sample.id)
            await both_have_read.wait()
            try:
                async with written(store) as samples:
                    mine.title = title
                    await samples.update(mine)
            except ConflictException as told:
                return str(told.details["current_version"])
            return title

        async with asyncio.timeout(PATIENCE):
            outcomes = set(await asyncio.gather(change("one"), change("two")))
        assert "2" in outcomes
        (winner,) = outcomes - {"2"}
        async with read(store) as samples:
            assert (await samples.get(sample.id)).title == winner

    async def test_an_identity_is_added_by_one_of_many(self, store: RepositoryHarness) -> None:
        key = new_id()

        async def add(number: int) -> str:
            try:
                async with written(store) as samples:
                    await samples.add(Sample(id=key, code=f"{number}"))
            except AlreadyExistsException:
                return "taken"
            return "added"

        async with asyncio.timeout(PATIENCE):
            outcomes = await asyncio.gather(*map(add, range(8)))
        assert Counter(outcomes) == {"added": 1, "taken": 7}

    async def test_upserts_of_one_identity_all_succeed(self, store: RepositoryHarness) -> None:
        key = new_id()

        async def upsert(number: int) -> int:
            async with written(store) as samples:
                return (await samples.upsert(Sample(id=key, code="a", amount=number))).version

        async with asyncio.timeout(PATIENCE):
            versions = await asyncio.gather(*map(upsert, range(12)))
        assert sorted(versions) == list(range(1, 13))
        async with read(store) as samples:
            (found,) = await samples.find()
        assert found.version == 12
        assert found.amount == versions.index(12)

    async def test_an_entity_is_removed_once(self, store: RepositoryHarness) -> None:
        sample = Sample(code="a")
        await store_samples(store, sample)

        async def remove() -> str:
            try:
                async with written(store) as samples:
                    await samples.remove(sample)
            except (NotFoundException, ConflictException):
                return "gone"
            return "removed"

        async with asyncio.timeout(PATIENCE):
            outcomes = await asyncio.gather(*(remove() for _ in range(5)))
        assert Counter(outcomes) == {"removed": 1, "gone": 4}

    async def test_readers_do_not_wait_for_a_slow_writer(self, store: RepositoryHarness) -> None:
        sample = Sample(code="a", title="before")
        await store_samples(store, sample)
        async with written(store) as samples:
            sample.title = "after"
            await samples.update(sample)
            async with asyncio.timeout(2), read(store) as others:
                assert (await others.get(sample.id)).title == "before"
                assert await others.count() == 1
                assert [one.title async for one in others.stream()] == ["before"]

    async def test_a_writer_that_is_given_up_makes_room(self, store: RepositoryHarness) -> None:
        sample = Sample(code="a")
        await store_samples(store, sample)
        async with asyncio.timeout(PATIENCE):
            for _ in range(5):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(never_end(store, sample.id), 0.05)
            await increment(store, sample.id)
        async with read(store) as samples:
            assert (await samples.get(sample.id)).version == 2

    @several_at_once
    async def test_calls_side_by_side_in_one_transaction_are_all_answered(
        self, store: RepositoryHarness
    ) -> None:
        batch = [Sample(code=f"{number}", amount=number) for number in range(10)]
        await store_samples(store, *batch)
        async with asyncio.timeout(PATIENCE), written(store) as samples:
            await samples.add(Sample(code="more"))
            found = await asyncio.gather(*(samples.get(sample.id) for sample in batch))
            counted, first, _ = await asyncio.gather(
                samples.count(), samples.first(order=("-amount",)), samples.add(Sample(code="most"))
            )
        assert found == batch
        assert counted in {11, 12}
        assert first == batch[-1]
        async with read(store) as samples:
            assert await samples.count() == 12

    async def test_transactions_of_one_task_after_another_do_not_mix(self, store: RepositoryHarness) -> None:
        first, second = store.unit_of_work(), store.unit_of_work()
        async with first:
            await store.repository(SampleRepository, first).add(Sample(code="a"))
            await first.commit()
        async with second:
            assert await store.repository(SampleRepository, second).count() == 1
        assert not first.is_active
        assert not second.is_active
