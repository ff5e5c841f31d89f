"""What naughty text does to a repository: it comes back equal, it finds what it should, or it is refused."""

# ruff: noqa: D102 - a test says what it checks by its name

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

import pytest

from fastapi_chassis.application import matches
from fastapi_chassis.domain import MAX_ITEMS, ValidationException, contains, criteria_for
from fastapi_chassis.testing.contracts.harness import (
    RepositoryHarness,
    read,
    store_all,
    store_samples,
    written,
    written_to,
)
from fastapi_chassis.testing.contracts.naughty_strings import NAUGHTY, REFUSED
from fastapi_chassis.testing.contracts.repository_record_keeping import cards_at
from fastapi_chassis.testing.contracts.samples import Card, Sample, SampleRepository, Word, WordRepository

SAME: Callable[[str], object] = str
PARTS = 4  # of the texts, stored and asked for one after the other: what looks alike stands side by side
EVERY = 3  # most questions are asked with one text of so many, each with others


@dataclass(frozen=True, slots=True)
class Key:
    """What tells one sample from another."""

    id: UUID


QUESTIONS: dict[str, tuple[str, Callable[[str], object]]] = {
    "e": ("note", SAME),
    "like, as a pattern": ("note__like", SAME),
    "like, as text": ("note__like", contains),
    "ilike, as text": ("note__ilike", lambda text: contains(text.swapcase())),
    "ne": ("note__ne", SAME),
    "gt": ("note__gt", SAME),
    "gte": ("note__gte", SAME),
    "lt": ("note__lt", SAME),
    "lte": ("note__lte", SAME),
    "between": ("note__between", lambda text: (text, text + "z")),
    "in": ("note__in", lambda text: (text, text.swapcase(), "x")),
    "not in": ("note__not_in", lambda text: (text, "x")),
    "ilike, as a pattern": ("note__ilike", SAME),
    "not like": ("note__not_like_all", lambda text: (text, contains("x"))),
    "in a document": ("meta__k", SAME),
    "not in a document": ("meta__k__ne", SAME),
    "like in a document": ("meta__k__jsonb_like", lambda text: text.swapcase()),
    "not like in a document": ("meta__k__jsonb_not_like", SAME),
}
OF_ALL = ("e", "like, as a pattern", "like, as text", "ilike, as text")  # asked with every text


def part_of(texts: Sequence[str], part: int) -> Sequence[str]:
    """Cuts the texts into parts."""
    size = -(-len(texts) // PARTS)
    return texts[part * size : (part + 1) * size]


def naughty_samples(texts: Iterable[str] = NAUGHTY) -> list[Sample]:
    """Makes a sample for each text, which stands in every field that takes one."""
    return [
        Sample(
            code=text,
            title=text,
            note=text,
            meta={"k": text, text: "key"},
            labels=[text, text],
        )
        for text in texts
    ]


def expected(batch: Sequence[Sample], filters: dict[str, object]) -> set[UUID] | None:
    """Says what the filter means in plain Python; None where it makes no sense."""
    try:
        criteria = criteria_for(Sample, filters)
    except ValidationException:
        return None
    return {one.id for one in batch if matches(one, criteria)}


async def answered(samples: SampleRepository, filters: dict[str, object]) -> set[UUID] | None:
    """Asks the store; None where it refuses."""
    try:
        found = await samples.project(Key, order=(), limit=None, offset=0, **filters)
    except ValidationException:
        return None
    return {one.id for one in found}


async def assert_agrees(samples: SampleRepository, batch: Sequence[Sample], **filters: object) -> None:
    """Checks that the store finds what the filter means."""
    shown = ascii(filters)[:120]
    assert await answered(samples, filters) == expected(batch, filters), shown


class RepositoryBadInputContract:
    """No text is an error, finds a wrong row, or comes back as something else."""

    async def test_text_comes_back_as_it_was_added(self, store: RepositoryHarness) -> None:
        batch = naughty_samples()
        await store_samples(store, *batch)
        async with read(store) as samples:
            found = {one.id: one async for one in samples.stream()}
        assert len(found) == len(batch)
        for one in batch:
            assert asdict(found[one.id]) == asdict(one), ascii(one.code)[:80]

    async def test_text_comes_back_as_it_was_updated(self, store: RepositoryHarness) -> None:
        texts = NAUGHTY[:: EVERY * 2]
        batch = [Sample(code=f"{number}") for number in range(len(texts))]
        await store_samples(store, *batch)
        for number, (one, text) in enumerate(zip(batch, texts, strict=True)):
            one.code = one.title = one.note = text
            one.meta, one.labels = {text: {text: [text]}}, [text]
            async with written(store) as samples:
                await (samples.upsert(one) if number % 2 else samples.update(one))
        async with read(store) as samples:
            found = {one.id: one for one in await samples.find()}
        assert [asdict(found[one.id]) for one in batch] == [asdict(one) for one in batch]

    async def test_text_is_an_identity(self, store: RepositoryHarness) -> None:
        await store_all(store, WordRepository, [Word(id=text, meaning=text) for text in NAUGHTY])
        async with written_to(store, WordRepository) as words:
            for text in NAUGHTY:
                found = await words.get(text)
                assert (found.id, found.meaning) == (text, text)
                assert await words.get_or_none(f"{text}?") is None or f"{text}?" in NAUGHTY
            assert [one.id for one in await words.find()] == sorted(NAUGHTY)
        for text in NAUGHTY[:: EVERY * 7]:
            async with written_to(store, WordRepository) as words:
                await words.upsert(Word(id=text, meaning="changed"))
            async with written_to(store, WordRepository) as words:
                assert await words.count(meaning="changed") == 1
                assert await words.remove_where(id=text) == 1
        async with written_to(store, WordRepository) as words:
            assert await words.count() == len(NAUGHTY) - len(NAUGHTY[:: EVERY * 7])

    @pytest.mark.parametrize("part", range(PARTS))
    @pytest.mark.parametrize("question", QUESTIONS)
    async def test_text_finds_what_it_should(
        self, store: RepositoryHarness, question: str, part: int
    ) -> None:
        key, value_of = QUESTIONS[question]
        batch = naughty_samples(part_of(NAUGHTY, part))
        await store_samples(store, *batch)
        first, step = (0, 1) if question in OF_ALL else ([*QUESTIONS].index(question) % EVERY, EVERY)
        async with read(store) as samples:
            for one in batch[first::step]:
                await assert_agrees(samples, batch, **{key: value_of(one.code)})

    @pytest.mark.parametrize("part", range(PARTS))
    async def test_text_is_a_key_of_a_document(self, store: RepositoryHarness, part: int) -> None:
        batch = naughty_samples(part_of([text for text in NAUGHTY if "__" not in text], part))
        await store_samples(store, *batch)
        lookups: tuple[tuple[str, object], ...] = (("", "key"), ("__is_null", False), ("__jsonb_like", "KE"))
        async with read(store) as samples:
            for number, one in enumerate(batch):
                lookup, value = lookups[number % len(lookups)]
                await assert_agrees(samples, batch, **{f"meta__{one.code}{lookup}": value})

    async def test_all_text_at_once(self, store: RepositoryHarness) -> None:
        batch = naughty_samples(NAUGHTY[:MAX_ITEMS])
        await store_samples(store, *batch)
        patterns = [contains(one.code) for one in batch if len(one.code) > 3]
        async with read(store) as samples:
            await assert_agrees(samples, batch, note__in=[one.code for one in batch])
            await assert_agrees(samples, batch, note__not_in=[one.code for one in batch[1:]])
            await assert_agrees(samples, batch, note__not_like_all=patterns)

    async def test_text_is_ordered_by_code_point(self, store: RepositoryHarness) -> None:
        await store_samples(store, *naughty_samples())
        async with read(store) as samples:
            rising = [one.code for one in await samples.find(order=("title",))]
            falling = [one.code for one in await samples.find(order=("-note",))]
            after, walked = None, list[str]()
            while after is not None or not walked:
                page = await samples.page(order=("code",), limit=100, after=after)
                walked += [one.code for one in page.items]
                after = page.next
        assert rising == walked == sorted(NAUGHTY)
        assert falling == rising[::-1]

    async def test_who_has_a_naughty_name_is_named(self, store: RepositoryHarness) -> None:
        for number, name in enumerate(NAUGHTY[:: EVERY * 7]):
            async with cards_at(store, by=name) as cards:
                await cards.add(Card(code=f"{number}"))
        async with cards_at(store) as cards:
            found = {one.created_by for one in await cards.find()}
        assert found == set(NAUGHTY[:: EVERY * 7])

    async def test_what_no_store_can_hold_is_refused(self, store: RepositoryHarness) -> None:
        good = Sample(code="good")
        await store_samples(store, good)
        async with written(store) as samples:
            for text in REFUSED:
                for sample in naughty_samples([text]):
                    sample.id, sample.version = good.id, good.version
                    for write in (samples.add, samples.update, samples.upsert):
                        with pytest.raises(ValidationException):
                            await write(sample)
                for key, value_of in QUESTIONS.values():
                    assert await answered(samples, {key: value_of(text)}) is None
                assert await answered(samples, {f"meta__{text}": 1}) is None
                assert await answered(samples, {text: 1}) is None
        async with read(store) as samples:
            (found,) = await samples.find()
        assert asdict(found) == asdict(good)

    async def test_a_filter_has_no_way_around_the_fields(self, store: RepositoryHarness) -> None:
        await store_samples(store, Sample(code="a", meta={"k": 1}))
        async with read(store) as samples:
            for text in NAUGHTY:
                assert await answered(samples, {f"no{text}": 1}) is None
                assert await answered(samples, {f"title__{text}x": 1}) is None
                with pytest.raises(ValidationException):
                    await samples.find(order=(f"no{text}",))
                with pytest.raises(ValidationException):
                    await samples.page(after=text)
            for key in ("__class__", "__dict__", "title__class__", "title____class__", "meta__", "_sa_x", ""):
                assert await answered(samples, {key: 1}) is None
