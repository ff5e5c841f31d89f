"""What every repository answers: get, find, first, count, exists, stream and the order of it all."""

# ruff: noqa: D102 - a test says what it checks by its name

from uuid import UUID

import pytest

from fastapi_chassis.domain import NotFoundException, ValidationException, new_id
from fastapi_chassis.testing.contracts.harness import (
    RepositoryHarness,
    read,
    several_at_once,
    store_all,
    store_samples,
    written,
    written_to,
)
from fastapi_chassis.testing.contracts.samples import (
    SCALARS,
    Sample,
    SampleRepository,
    Word,
    WordRepository,
    varied_samples,
)


class RepositoryReadsContract:
    """Reading one, several and none."""

    async def test_get_returns_the_entity_with_the_identity(self, store: RepositoryHarness) -> None:
        sample, other = Sample(code="a", title="one"), Sample(code="b")
        await store_samples(store, sample, other)
        async with read(store) as samples:
            found = await samples.get(sample.id)
            assert found == sample
            assert (found.title, found.version) == ("one", 1)
            assert await samples.get_or_none(other.id) == other

    async def test_get_of_nothing_is_not_found(self, store: RepositoryHarness) -> None:
        async with read(store) as samples:
            missing = new_id()
            with pytest.raises(NotFoundException) as told:
                await samples.get(missing)
            assert told.value.details == {"entity": "Sample", "key": str(missing)}
            assert await samples.get_or_none(missing) is None

    @pytest.mark.parametrize("key", ["no-uuid", 1, None, True])
    async def test_key_of_another_type_is_refused(self, store: RepositoryHarness, key: UUID) -> None:
        async with read(store) as samples:
            with pytest.raises(ValidationException) as told:
                await samples.get_or_none(key)
            assert list(told.value.errors) == ["id"]

    async def test_text_identity_is_refused_where_no_store_can_hold_it(
        self, store: RepositoryHarness
    ) -> None:
        async with written_to(store, WordRepository) as words:
            for key in ("nul\x00", "surrogate\ud800"):
                with pytest.raises(ValidationException):
                    await words.get_or_none(key)

    async def test_text_identity_tells_case_and_blanks_apart(self, store: RepositoryHarness) -> None:
        await store_all(
            store, WordRepository, [Word(id="a", meaning="1"), Word(id="A", meaning="2"), Word(id="a ")]
        )
        async with written_to(store, WordRepository) as words:
            assert (await words.get("A")).meaning == "2"
            assert [word.id for word in await words.find()] == ["A", "a", "a "]

    async def test_find_without_filters_returns_all_in_order_of_identity(
        self, store: RepositoryHarness
    ) -> None:
        batch = [Sample(code=f"{number}") for number in range(5)]
        await store_samples(store, *reversed(batch))
        async with read(store) as samples:
            assert await samples.find() == batch
            assert await samples.find(limit=2) == batch[:2]
            assert await samples.find(limit=2, offset=3) == batch[3:]
            assert await samples.find(offset=4) == batch[4:]
            assert await samples.find(limit=0) == []
            assert await samples.find(offset=9) == []

    async def test_filters_are_joined_by_and(self, store: RepositoryHarness) -> None:
        await store_samples(
            store,
            Sample(code="a", amount=1, is_active=True),
            Sample(code="b", amount=1, is_active=False),
            Sample(code="c", amount=2, is_active=True),
        )
        async with read(store) as samples:
            assert [one.code for one in await samples.find(amount=1, is_active=True)] == ["a"]
            assert [one.code for one in await samples.find(amount__gte=1, amount__lt=2)] == ["a", "b"]

    async def test_first_returns_the_first_in_order_or_none(self, store: RepositoryHarness) -> None:
        await store_samples(store, *(Sample(code=code, amount=len(code)) for code in ("a", "bb", "ccc")))
        async with read(store) as samples:
            found = await samples.first(order=("-amount",), amount__lt=3)
            assert found is not None
            assert found.code == "bb"
            assert await samples.first(amount=7) is None

    async def test_count_and_exists(self, store: RepositoryHarness) -> None:
        async with read(store) as samples:
            assert await samples.count() == 0
            assert not await samples.exists()
        await store_samples(store, *(Sample(code=f"{number}", amount=number) for number in range(3)))
        async with read(store) as samples:
            assert await samples.count() == 3
            assert await samples.count(amount__gte=1) == 2
            assert await samples.exists(amount=2)
            assert not await samples.exists(amount=3)

    async def test_stream_yields_every_match_in_order(self, store: RepositoryHarness) -> None:
        await store_samples(store, *(Sample(code=f"{number:04}", amount=number) for number in range(1_200)))
        async with read(store) as samples:
            seen = [one.amount async for one in samples.stream(order=("-amount",), amount__gte=100)]
        assert seen == list(range(1_199, 99, -1))

    async def test_stream_may_be_left_early(self, store: RepositoryHarness) -> None:
        await store_samples(store, *(Sample(code=f"{number:04}") for number in range(600)))
        async with read(store) as samples:
            stream = samples.stream(order=("code",))
            async for one in stream:
                assert one.code == "0000"
                break
            await stream.aclose()  # type: ignore[attr-defined]  # an async generator
            assert await samples.count() == 600

    @several_at_once
    async def test_what_is_streamed_may_be_changed_on_the_way(self, store: RepositoryHarness) -> None:
        await store_samples(store, *(Sample(code=f"{number:04}", amount=number) for number in range(700)))
        async with written(store) as samples:
            async for one in samples.stream(order=("code",)):
                if one.amount % 7 == 0:
                    one.title = "seventh"
                    await samples.update(one)
        async with read(store) as samples:
            assert await samples.count(title="seventh", version=2) == 100
            assert await samples.count(version=1) == 600

    async def test_reading_needs_no_transaction(self, store: RepositoryHarness) -> None:
        await store_samples(store, Sample(code="a"))
        samples = store.repository(SampleRepository, store.unit_of_work())
        assert [one.code for one in await samples.find()] == ["a"]
        assert (await samples.page(count=True)).total == 1
        assert [one.code async for one in samples.stream()] == ["a"]

    async def test_what_is_read_is_a_copy(self, store: RepositoryHarness) -> None:
        await store_samples(store, Sample(code="a", title="kept", meta={"deep": {"list": [1]}}))
        async with read(store) as samples:
            (found,) = await samples.find()
            found.title = "changed"
            found.meta["deep"]["list"].append(2)  # type: ignore[index]  # known from above
            found.labels.append("more")
        async with read(store) as samples:
            (found,) = await samples.find()
            assert (found.title, found.meta, found.labels) == ("kept", {"deep": {"list": [1]}}, [])

    async def test_an_entity_without_version_is_kept_too(self, store: RepositoryHarness) -> None:
        async with written_to(store, WordRepository) as words:
            await words.add(Word(id="house", meaning="a place"))
            await words.update(Word(id="house", meaning="a home"))
        async with written_to(store, WordRepository) as words:
            await words.upsert(Word(id="road"))
        async with written_to(store, WordRepository) as words:
            assert (await words.get("house")).meaning == "a home"
            assert (await words.get("road")).meaning is None
            await words.remove(Word(id="road"))
            assert [word.id for word in await words.find(id__like="%o%")] == ["house"]


class RepositoryOrderContract:
    """The order of what is found is total, and the same on every store."""

    async def test_ties_are_broken_by_identity_in_the_direction_of_the_last_term(
        self, store: RepositoryHarness
    ) -> None:
        batch = [Sample(code=f"{number}", amount=number % 2) for number in range(6)]
        await store_samples(store, *reversed(batch))
        async with read(store) as samples:
            rising = [one.code for one in await samples.find(order=("amount",))]
            falling = [one.code for one in await samples.find(order=("-amount",))]
        assert rising == ["0", "2", "4", "1", "3", "5"]
        assert falling == rising[::-1]

    async def test_terms_count_from_left_to_right(self, store: RepositoryHarness) -> None:
        await store_samples(
            store,
            Sample(code="a", amount=1, title="x"),
            Sample(code="b", amount=2, title="x"),
            Sample(code="c", amount=1, title="y"),
        )
        async with read(store) as samples:
            assert [one.code for one in await samples.find(order=("-amount", "title"))] == ["b", "a", "c"]
            assert [one.code for one in await samples.find(order=("title", "-amount"))] == ["b", "a", "c"]
            assert [one.code for one in await samples.find(order=("amount", "-title"))] == ["c", "a", "b"]

    async def test_nulls_stand_last_rising_and_first_falling(self, store: RepositoryHarness) -> None:
        await store_samples(
            store, Sample(code="a", rank=2), Sample(code="b"), Sample(code="c", rank=1), Sample(code="d")
        )
        async with read(store) as samples:
            assert [one.code for one in await samples.find(order=("rank",))] == ["c", "a", "b", "d"]
            assert [one.code for one in await samples.find(order=("-rank",))] == ["d", "b", "a", "c"]

    async def test_text_is_ordered_by_code_point(self, store: RepositoryHarness) -> None:
        titles = [
            "",
            " ",
            "10",
            "9",
            "B",
            "Z",
            "_",
            "a",
            "aa",
            "ab",
            "b",
            "z",
            "\u00e9",
            "\u0436",
            "\U0001f600",
        ]
        await store_samples(
            store, *(Sample(code=f"{place}", title=title) for place, title in enumerate(reversed(titles)))
        )
        async with read(store) as samples:
            assert [one.title for one in await samples.find(order=("title",))] == titles
            assert [one.title for one in await samples.find(order=("title",), title__gt="Z")] == titles[6:]

    @pytest.mark.parametrize("name", [*SCALARS, "id", "version"])
    async def test_every_scalar_can_be_ordered(self, store: RepositoryHarness, name: str) -> None:
        batch = varied_samples()
        await store_samples(store, *batch)
        async with read(store) as samples:
            rising = [getattr(one, name) for one in await samples.find(order=(name,))]
            falling = [getattr(one, name) for one in await samples.find(order=(f"-{name}",))]
        known = sorted(value for one in batch if (value := getattr(one, name)) is not None)
        nulls = [None] * (len(batch) - len(known))
        assert rising == [*known, *nulls]
        assert falling == rising[::-1]

    @pytest.mark.parametrize(
        "order", [("unknown",), ("meta",), ("labels",), ("title", "-title"), ("-",), (1,), (None,)]
    )
    async def test_an_impossible_order_is_refused(
        self, store: RepositoryHarness, order: tuple[str, ...]
    ) -> None:
        async with read(store) as samples:
            with pytest.raises(ValidationException) as told:
                await samples.find(order=order)
            assert told.value.error_code == "INVALID_ORDER"
