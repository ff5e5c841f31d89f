"""What every unit of work promises: one commit for everything, or nothing at all."""

# ruff: noqa: D102 - a test says what it checks by its name

import asyncio

import pytest

from fastapi_chassis.application import (
    AbstractUnitOfWork,
    OneAggregatePerCommitError,
    TransactionRequiredError,
)
from fastapi_chassis.testing.contracts.harness import (
    RepositoryHarness,
    read,
    several_at_once,
    store_samples,
    unchanged_where_refused,
    written,
)
from fastapi_chassis.testing.contracts.samples import (
    Sample,
    SampleRepository,
    Word,
    WordRepository,
)


async def titles(store: RepositoryHarness) -> list[str]:
    """Returns the titles that are stored."""
    async with read(store) as samples:
        return [one.title for one in await samples.find(order=("code",))]


class UnitOfWorkContract:
    """The transaction of one message."""

    @several_at_once
    async def test_two_repositories_share_one_commit(self, store: RepositoryHarness) -> None:
        async with unchanged_where_refused(store), store.unit_of_work() as work:
            await store.repository(SampleRepository, work).add(Sample(code="a", title="kept"))
            await store.repository(WordRepository, work).add(Word(id="kept"))
            await work.commit()
        async with store.unit_of_work() as work:
            assert await store.repository(WordRepository, work).exists(id="kept")
        assert await titles(store) == ["kept"]

    async def test_without_commit_nothing_is_stored(self, store: RepositoryHarness) -> None:
        async with store.unit_of_work() as work:
            await store.repository(SampleRepository, work).add(Sample(code="a"))
        assert await titles(store) == []

    @several_at_once
    async def test_an_exception_rolls_everything_back(self, store: RepositoryHarness) -> None:
        kept = Sample(code="a", title="kept")
        await store_samples(store, kept)

        async def fail() -> None:
            async with unchanged_where_refused(store), store.unit_of_work() as work:
                samples = store.repository(SampleRepository, work)
                await samples.add(Sample(code="b"))
                kept.title = "changed"
                await samples.update(kept)
                await samples.remove_where(code="a")
                raise LookupError

        with pytest.raises(LookupError):
            await fail()
        assert await titles(store) == ["kept"]

    @several_at_once
    async def test_a_transaction_reads_its_own_writes(self, store: RepositoryHarness) -> None:
        gone = Sample(code="gone")
        await store_samples(store, gone)
        async with store.unit_of_work() as work:
            samples = store.repository(SampleRepository, work)
            again = store.repository(SampleRepository, work)
            added = await samples.add(Sample(code="new", title="first"))
            await samples.remove(gone)
            assert [one.code for one in await again.find()] == ["new"]
            added.title = "second"
            await samples.update(added)
            assert (await again.get(added.id)).title == "second"
            assert await again.count(title="second") == 1
            assert [one.code async for one in again.stream()] == ["new"]

    async def test_a_transaction_reads_its_one_write(self, store: RepositoryHarness) -> None:
        await store_samples(store, Sample(code="a", title="stands"))
        async with store.unit_of_work() as work:
            samples = store.repository(SampleRepository, work)
            again = store.repository(SampleRepository, work)
            added = await samples.add(Sample(code="b", title="first"))
            added.title = "second"
            await samples.update(added)
            found = await again.get(added.id)
            assert (found.title, found.version) == ("second", 2)
            assert [one.title for one in await again.find(order=("-code",))] == ["second", "stands"]
            assert [one.title async for one in again.stream(title__like="s%", order=("code",))] == [
                "stands",
                "second",
            ]
            assert await again.count(title="second") == 1
            assert not await again.exists(title="first")
            assert (await again.page(order=("code",), limit=1, count=True)).total == 2
            await samples.remove(added)
            assert await again.get_or_none(added.id) is None
            assert await again.count() == 1
            await work.commit()
        assert await titles(store) == ["stands"]

    async def test_an_exception_rolls_one_write_back(self, store: RepositoryHarness) -> None:
        kept = Sample(code="a", title="kept")
        await store_samples(store, kept)

        async def fail() -> None:
            async with store.unit_of_work() as work:
                kept.title = "changed"
                await store.repository(SampleRepository, work).update(kept)
                raise LookupError

        with pytest.raises(LookupError):
            await fail()
        assert await titles(store) == ["kept"]

    @pytest.mark.parametrize(
        "verb", ["add", "add_many", "update", "update_many", "upsert", "remove", "remove_where", "word"]
    )
    async def test_a_second_entity_is_written_too_or_refused_by_its_call(
        self, store: RepositoryHarness, verb: str
    ) -> None:
        second = Sample(code="b", title="second")
        await store_samples(store, second)
        refused: list[str] = []
        async with store.unit_of_work() as work:
            await store.repository(SampleRepository, work).add(Sample(code="a", title="first"))
            try:
                await self.write_another(store, work, second, verb)
            except OneAggregatePerCommitError as told:
                refused.append(told.findings[0].remedy)
            await work.commit()
        assert bool(refused) is not store.has_transactions
        written_too = {"add": 3, "add_many": 4, "remove": 1, "remove_where": 1}.get(verb, 2)
        assert len(await titles(store)) == (2 if refused else written_too)
        async with read(store) as samples:
            assert await samples.exists(code="a", title="first")
            found = await samples.get_or_none(second.id)
            if refused:
                assert found is not None
                assert (found.title, found.version) == ("second", 1)

    async def write_another(
        self, store: RepositoryHarness, work: AbstractUnitOfWork, second: Sample, verb: str
    ) -> None:
        """Writes another entity than the first one, by one of the verbs."""
        samples = store.repository(SampleRepository, work)
        match verb:
            case "add":
                await samples.add(Sample(code="c"))
            case "add_many":
                await samples.add_many([Sample(code="c"), Sample(code="d")])
            case "update_many":
                await samples.update_many([second])
            case "remove_where":
                await samples.remove_where(code="b")
            case "word":
                await store.repository(WordRepository, work).add(Word(id="another"))
            case _:
                await getattr(samples, verb)(second)

    async def test_others_see_nothing_before_the_commit(self, store: RepositoryHarness) -> None:
        await store_samples(store, Sample(code="a", title="before"))
        async with store.unit_of_work() as work:
            samples = store.repository(SampleRepository, work)
            found = await samples.get((await samples.find())[0].id)
            found.title = "after"
            await samples.update(found)
            assert await titles(store) == ["before"]
            await work.commit()
        assert await titles(store) == ["after"]

    async def test_others_see_nothing_new_before_the_commit(self, store: RepositoryHarness) -> None:
        async with store.unit_of_work() as work:
            await store.repository(SampleRepository, work).add(Sample(code="a", title="new"))
            assert await titles(store) == []
            await work.commit()
        assert await titles(store) == ["new"]

    async def test_it_is_active_between_begin_and_commit(self, store: RepositoryHarness) -> None:
        work = store.unit_of_work()
        assert not work.is_active
        async with work:
            assert work.is_active
            await work.commit()
            assert not work.is_active
            with pytest.raises(TransactionRequiredError):
                await store.repository(SampleRepository, work).add(Sample(code="late"))
        assert await titles(store) == []

    async def test_it_is_not_begun_twice(self, store: RepositoryHarness) -> None:
        async with store.unit_of_work() as work:
            await store.repository(SampleRepository, work).add(Sample(code="a", title="kept"))
            with pytest.raises(RuntimeError):
                await work.__aenter__()
            await work.commit()
        assert await titles(store) == ["kept"]

    async def test_it_is_not_committed_while_closed(self, store: RepositoryHarness) -> None:
        work = store.unit_of_work()
        with pytest.raises(RuntimeError):
            await work.commit()
        async with work:
            await work.commit()
            with pytest.raises(RuntimeError):
                await work.commit()

    async def test_it_may_be_used_again_after_its_end(self, store: RepositoryHarness) -> None:
        work = store.unit_of_work()
        for code in ("lost", "kept"):
            async with work:
                await store.repository(SampleRepository, work).add(Sample(code=code, title=code))
                if code == "kept":
                    await work.commit()
        assert await titles(store) == ["kept"]

    async def test_listeners_are_called_once_the_commit_stands(self, store: RepositoryHarness) -> None:
        called: list[str] = []
        async with store.unit_of_work() as work:
            work.after_commit(lambda: called.append("never"))
        async with store.unit_of_work() as work:
            work.after_commit(lambda: called.append(f"active {work.is_active}"))
            work.after_commit(lambda: called.remove("nothing"))
            work.after_commit(lambda: called.append("last"))
            assert called == []
            await work.commit()
            assert called == ["active False", "last"]
        assert called == ["active False", "last"]

    async def test_cancelled_in_the_middle_it_leaves_nothing(self, store: RepositoryHarness) -> None:
        ready = asyncio.Event()

        async def work_forever() -> None:
            async with written(store) as samples:
                await samples.add(Sample(code="a"))
                ready.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(work_forever())
        await ready.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await titles(store) == []
        await store_samples(store, Sample(code="a", title="free again"))
        assert await titles(store) == ["free again"]
