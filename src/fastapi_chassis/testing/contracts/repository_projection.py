"""What every repository returns of a few fields: the same values as of whole entities."""

# ruff: noqa: D102 - a test says what it checks by its name

from dataclasses import asdict, dataclass, fields, make_dataclass
from functools import partial
from uuid import UUID

import pytest

from fastapi_chassis.domain import ValidationException, ValueObject, shape_of
from fastapi_chassis.testing.contracts.harness import RepositoryHarness, read, store_samples, written
from fastapi_chassis.testing.contracts.samples import Sample, SampleRepository, varied_samples


@dataclass(frozen=True, slots=True)
class Line:
    """A projection in another order than the entity's."""

    rank: int | None
    code: str


class CodeOnly(ValueObject):
    """A projection of one field, as the domain writes values."""

    code: str


@dataclass(frozen=True, slots=True)
class Keys:
    """Identities alone."""

    id: UUID


@dataclass(frozen=True, slots=True)
class Unknown:
    """Asks for what is not there."""

    nothing: int


EVERYTHING = make_dataclass(
    "Everything", [(name, field.annotation) for name, field in shape_of(Sample).items()], frozen=True
)


class RepositoryProjectionContract:
    """A part of each match."""

    async def test_every_field_comes_back_as_it_was(self, store: RepositoryHarness) -> None:
        batch = varied_samples()
        await store_samples(store, *batch)
        async with read(store) as samples:
            rows = await samples.project(EVERYTHING, order=("code",))
        expected = [asdict(one) for one in sorted(batch, key=lambda one: one.code)]
        assert [asdict(row) for row in rows] == expected
        for row, whole in zip(rows, expected, strict=True):
            for spec in fields(row):
                assert type(getattr(row, spec.name)) is type(whole[spec.name]), spec.name

    async def test_the_fields_that_are_named_and_no_others(self, store: RepositoryHarness) -> None:
        await store_samples(store, Sample(code="a", rank=2), Sample(code="b"), Sample(code="c", rank=1))
        async with read(store) as samples:
            assert await samples.project(Line, order=("rank",)) == [
                Line(1, "c"),
                Line(2, "a"),
                Line(None, "b"),
            ]
            assert await samples.project(CodeOnly, order=("-code",), limit=1) == [CodeOnly(code="c")]

    async def test_filters_limit_and_offset_hold(self, store: RepositoryHarness) -> None:
        await store_samples(store, *(Sample(code=f"{number}", amount=number) for number in range(6)))
        async with read(store) as samples:
            rows = await samples.project(CodeOnly, order=("-amount",), limit=2, offset=1, amount__lt=5)
            assert [row.code for row in rows] == ["3", "2"]
            assert await samples.project(CodeOnly, amount=9) == []
            for ask in (
                partial(samples.project, CodeOnly, unknown=1),
                partial(samples.project, CodeOnly, amount="1"),
                partial(samples.project, CodeOnly, limit=-1),
                partial(samples.project, CodeOnly, order=("meta",)),
            ):
                with pytest.raises(ValidationException):
                    await ask()

    async def test_ties_are_broken_by_an_identity_that_is_not_asked_for(
        self, store: RepositoryHarness
    ) -> None:
        batch = [Sample(code=f"{number}", amount=1) for number in range(4)]
        await store_samples(store, *reversed(batch))
        async with read(store) as samples:
            rows = await samples.project(CodeOnly, order=("amount",))
        assert [row.code for row in rows] == ["0", "1", "2", "3"]

    async def test_what_is_not_there_is_a_mistake(self, store: RepositoryHarness) -> None:
        async with read(store) as samples:
            with pytest.raises(TypeError, match=r"Unknown\.nothing"):
                await samples.project(Unknown)

    async def test_it_sees_what_the_transaction_wrote(self, store: RepositoryHarness) -> None:
        async with written(store) as samples:
            await samples.add(Sample(code="a", rank=7))
            assert await samples.project(Line) == [Line(7, "a")]

    async def test_it_needs_no_transaction(self, store: RepositoryHarness) -> None:
        sample = Sample(code="a")
        await store_samples(store, sample)
        samples = store.repository(SampleRepository, store.unit_of_work())
        assert await samples.project(Keys) == [Keys(sample.id)]
