"""What every repository stores: add, update, upsert and remove, their errors, and what a failure leaves."""

# ruff: noqa: D102 - a test says what it checks by its name

from copy import deepcopy

import pytest

from fastapi_chassis.application import OneAggregatePerCommitError, TransactionRequiredError
from fastapi_chassis.domain import (
    AlreadyExistsException,
    ConflictException,
    NotFoundException,
    ValidationException,
)
from fastapi_chassis.testing.contracts.harness import (
    RepositoryHarness,
    read,
    several_at_once,
    store_samples,
    written,
    written_to,
)
from fastapi_chassis.testing.contracts.samples import Sample, SampleRepository, Word, WordRepository


async def codes(store: RepositoryHarness) -> list[str]:
    """Returns the codes that are stored."""
    async with read(store) as samples:
        return [one.code for one in await samples.find(order=("code",))]


class RepositoryWritesContract:
    """Storing new, changed and gone entities."""

    async def test_add_stores_version_one_and_returns_the_entity(self, store: RepositoryHarness) -> None:
        sample = Sample(code="a")
        async with written(store) as samples:
            assert await samples.add(sample) is sample
            assert sample.version == 1
        async with read(store) as samples:
            assert (await samples.get(sample.id)).version == 1

    @several_at_once
    async def test_add_many_returns_the_entities_or_nothing(self, store: RepositoryHarness) -> None:
        batch = [Sample(code="b"), Sample(code="a")]
        async with written(store) as samples:
            assert await samples.add_many(batch) == batch
            assert await samples.add_many([Sample(code="c")], is_return_require=False) == []
            assert await samples.add_many(Sample(code=code) for code in "de") != []
            assert await samples.add_many([]) == []
        assert await codes(store) == list("abcde")

    @several_at_once
    async def test_ten_thousand_are_added_at_once(self, store: RepositoryHarness) -> None:
        async with written(store) as samples:
            added = await samples.add_many(
                (Sample(code=f"{number:05}", amount=number) for number in range(10_000)),
                is_return_require=False,
            )
            assert added == []
        async with read(store) as samples:
            assert await samples.count() == 10_000
            last = await samples.first(order=("-code",))
            assert last is not None
            assert (last.amount, last.version) == (9_999, 1)

    async def test_an_identity_is_stored_once(self, store: RepositoryHarness) -> None:
        sample = Sample(code="a")
        await store_samples(store, sample)
        async with written(store) as samples:
            with pytest.raises(AlreadyExistsException) as told:
                await samples.add(Sample(id=sample.id, code="b"))
            assert told.value.details["entity"] == "Sample"
        assert await codes(store) == ["a"]

    async def test_a_unique_value_is_stored_once(self, store: RepositoryHarness) -> None:
        other = Sample(code="b")
        await store_samples(store, Sample(code="a"), other)
        async with written(store) as samples:
            with pytest.raises(AlreadyExistsException):
                await samples.add(Sample(code="a"))
            other.code = "a"
            for write in (samples.update, samples.upsert):
                with pytest.raises(AlreadyExistsException):
                    await write(deepcopy(other))
        assert await codes(store) == ["a", "b"]

    @several_at_once
    async def test_a_unique_value_is_free_again_in_the_same_transaction(
        self, store: RepositoryHarness
    ) -> None:
        first, second = Sample(code="a"), Sample(code="b")
        await store_samples(store, first, second)
        async with written(store) as samples:
            await samples.remove(first)
            second.code = "a"
            await samples.update(second)
            await samples.add(Sample(code="b"))
        assert await codes(store) == ["a", "b"]

    @pytest.mark.parametrize("twice", ["identity", "code"])
    @several_at_once
    async def test_a_batch_with_a_duplicate_is_refused_whole(
        self, store: RepositoryHarness, twice: str
    ) -> None:
        first = Sample(code="a")
        second = Sample(id=first.id, code="b") if twice == "identity" else Sample(code="a")
        async with written(store) as samples:
            await samples.add(Sample(code="before"))
            with pytest.raises(AlreadyExistsException):
                await samples.add_many([Sample(code="x"), first, second])
            await samples.add(Sample(code="after"))
        assert await codes(store) == ["after", "before"]

    async def test_an_added_entity_is_a_copy(self, store: RepositoryHarness) -> None:
        sample = Sample(code="a", meta={"k": ["v"]})
        async with written(store) as samples:
            await samples.add(sample)
            sample.title = "later"
            sample.meta["k"] = "later"
            sample.labels.append("later")
            found = await samples.get(sample.id)
            assert (found.title, found.meta, found.labels) == ("", {"k": ["v"]}, [])
        async with read(store) as samples:
            found = await samples.get(sample.id)
            assert (found.title, found.meta, found.labels) == ("", {"k": ["v"]}, [])

    async def test_an_updated_entity_is_a_copy(self, store: RepositoryHarness) -> None:
        sample = Sample(code="a")
        await store_samples(store, sample)
        async with written(store) as samples:
            sample.labels = ["stored"]
            await samples.update(sample)
            sample.labels.append("later")
        async with read(store) as samples:
            assert (await samples.get(sample.id)).labels == ["stored"]

    async def test_update_stores_every_field_and_counts_the_version(self, store: RepositoryHarness) -> None:
        sample = Sample(code="a", note="old", rank=1)
        await store_samples(store, sample)
        sample.code, sample.note, sample.rank, sample.meta = "b", None, 2, {"k": "v"}
        async with written(store) as samples:
            assert await samples.update(sample) is sample
            assert sample.version == 2
            await samples.update(sample)
        async with read(store) as samples:
            found = await samples.get(sample.id)
        assert (found.code, found.note, found.rank, found.meta) == ("b", None, 2, {"k": "v"})
        assert found.version == sample.version == 3

    async def test_update_of_nothing_is_not_found(self, store: RepositoryHarness) -> None:
        async with written(store) as samples:
            with pytest.raises(NotFoundException):
                await samples.update(Sample(code="a", version=1))
        async with written_to(store, WordRepository) as words:
            with pytest.raises(NotFoundException):
                await words.update(Word(id="a"))
        assert await codes(store) == []

    async def test_a_stale_update_conflicts_and_names_the_current_version(
        self, store: RepositoryHarness
    ) -> None:
        sample = Sample(code="a")
        await store_samples(store, sample)
        stale = deepcopy(sample)
        async with written(store) as samples:
            sample.title = "first"
            await samples.update(sample)
        async with written(store) as samples:
            stale.title = "second"
            with pytest.raises(ConflictException) as told:
                await samples.update(stale)
            assert told.value.details["current_version"] == 2
            assert told.value.details["key"] == str(sample.id)
            assert stale.version == 1
        async with read(store) as samples:
            assert (await samples.get(sample.id)).title == "first"

    @several_at_once
    async def test_update_many_stores_all_or_none(self, store: RepositoryHarness) -> None:
        batch = [Sample(code=code) for code in "abc"]
        await store_samples(store, *batch)
        stale = deepcopy(batch[2])
        for number, sample in enumerate(batch):
            sample.amount = number + 1
        async with written(store) as samples:
            assert await samples.update_many(batch) == batch
            batch[0].amount = batch[1].amount = stale.amount = 99
            with pytest.raises(ConflictException):
                await samples.update_many([batch[0], batch[1], stale])
            with pytest.raises(NotFoundException):
                await samples.update_many([batch[0], Sample(code="z", version=1)])
            assert await samples.update_many([batch[2]], is_return_require=False) == []
            assert await samples.update_many([]) == []
        async with read(store) as samples:
            found = await samples.find(order=("code",))
        assert [(one.amount, one.version) for one in found] == [(1, 2), (2, 2), (3, 3)]

    async def test_an_entity_stands_in_a_batch_once(self, store: RepositoryHarness) -> None:
        sample = Sample(code="a")
        await store_samples(store, sample)
        async with written(store) as samples:
            with pytest.raises((ConflictException, OneAggregatePerCommitError)) as told:
                await samples.update_many([sample, sample])
            assert isinstance(told.value, ConflictException) or not store.has_transactions
        async with read(store) as samples:
            assert (await samples.get(sample.id)).version == 1

    async def test_upsert_stores_whether_or_not_it_is_there(self, store: RepositoryHarness) -> None:
        sample = Sample(code="a", title="new")
        async with written(store) as samples:
            assert await samples.upsert(sample) is sample
            assert sample.version == 1
        stale = Sample(id=sample.id, code="b", title="newer")
        async with written(store) as samples:
            await samples.upsert(stale)
            assert stale.version == 2
            found = await samples.get(sample.id)
        assert (found.code, found.title, found.version) == ("b", "newer", 2)

    async def test_remove(self, store: RepositoryHarness) -> None:
        sample, other = Sample(code="a"), Sample(code="b")
        await store_samples(store, sample, other)
        async with written(store) as samples:
            await samples.remove(sample)
            assert await samples.get_or_none(sample.id) is None
            with pytest.raises(NotFoundException):
                await samples.remove(sample)
        assert await codes(store) == ["b"]

    async def test_a_stale_remove_conflicts(self, store: RepositoryHarness) -> None:
        sample = Sample(code="a")
        await store_samples(store, sample)
        stale = deepcopy(sample)
        async with written(store) as samples:
            await samples.update(sample)
            with pytest.raises(ConflictException) as told:
                await samples.remove(stale)
            assert told.value.details["current_version"] == 2
        assert await codes(store) == ["a"]

    async def test_remove_where_removes_the_matches_and_counts_them(self, store: RepositoryHarness) -> None:
        await store_samples(store, *(Sample(code=f"{number}", amount=number) for number in range(5)))
        async with written(store) as samples:
            assert await samples.remove_where(amount__gte=2) == 3
        async with written(store) as samples:
            assert await samples.remove_where(amount=7) == 0
        assert await codes(store) == ["0", "1"]

    async def test_remove_where_of_everything_is_refused(self, store: RepositoryHarness) -> None:
        await store_samples(store, Sample(code="a"))
        async with written(store) as samples:
            with pytest.raises(ValidationException):
                await samples.remove_where()
        assert await codes(store) == ["a"]

    @several_at_once
    async def test_a_failed_write_leaves_the_transaction_usable(self, store: RepositoryHarness) -> None:
        kept = Sample(code="kept")
        await store_samples(store, kept)
        stale = deepcopy(kept)
        async with written(store) as samples:
            await samples.update(kept)
            with pytest.raises(AlreadyExistsException):
                await samples.add_many([Sample(code="lost"), Sample(code="kept")])
            with pytest.raises(ConflictException):
                await samples.update(stale)
            with pytest.raises(NotFoundException):
                await samples.remove(Sample(code="never", version=1))
            assert [one.code for one in await samples.find()] == ["kept"]
            await samples.add(Sample(code="more"))
        assert await codes(store) == ["kept", "more"]

    async def test_a_failed_write_of_one_entity_leaves_the_transaction_usable(
        self, store: RepositoryHarness
    ) -> None:
        kept = Sample(code="kept")
        await store_samples(store, kept, Sample(code="other"))
        stale = deepcopy(kept)
        async with written(store) as samples:
            for write in (samples.update, samples.remove):
                with pytest.raises(NotFoundException):
                    await write(Sample(code="never", version=1))
            with pytest.raises(AlreadyExistsException):
                await samples.add(Sample(code="kept"))
            await samples.update(kept)
            for write in (samples.update, samples.remove):
                with pytest.raises(ConflictException):
                    await write(stale)
            kept.code, before = "other", kept.version
            for write in (samples.update, samples.upsert):
                with pytest.raises(AlreadyExistsException):
                    await write(deepcopy(kept))
            kept.code, kept.title = "kept", "again"
            await samples.update(kept)
            assert kept.version == before + 1
        async with read(store) as samples:
            found = await samples.get(kept.id)
            assert (found.code, found.title, found.version) == ("kept", "again", 3)
        assert await codes(store) == ["kept", "other"]

    async def test_writing_needs_a_transaction(self, store: RepositoryHarness) -> None:
        sample = Sample(code="a")
        await store_samples(store, sample)
        samples = store.repository(SampleRepository, store.unit_of_work())
        for write in (samples.add, samples.update, samples.upsert, samples.remove):
            with pytest.raises(TransactionRequiredError):
                await write(sample)
        with pytest.raises(TransactionRequiredError):
            await samples.add_many([sample])
        with pytest.raises(TransactionRequiredError):
            await samples.remove_where(code="a")
        assert await codes(store) == ["a"]

    async def test_another_class_is_refused(self, store: RepositoryHarness) -> None:
        async with written(store) as samples:
            for write in (samples.add, samples.update, samples.upsert, samples.remove):
                with pytest.raises(TypeError):
                    await write(Word(id="a"))  # type: ignore[arg-type]  # this is the point
