"""What every repository returns bit by bit: pages by offset and by cursor, over ties and nulls."""

# ruff: noqa: D102 - a test says what it checks by its name

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from fastapi_chassis.domain import MAX_PAGE, ValidationException
from fastapi_chassis.testing.contracts.harness import RepositoryHarness, read, store_samples, written
from fastapi_chassis.testing.contracts.samples import Sample, SampleRepository, varied_samples

START = datetime(2024, 5, 1, tzinfo=UTC)


async def walk(
    samples: SampleRepository, order: tuple[str, ...], limit: int, **filters: object
) -> list[Sample]:
    """Follows the cursors to the end."""
    seen: list[Sample] = []
    after: str | None = None
    for _ in range(100):
        page = await samples.page(order=order, limit=limit, offset=0, after=after, count=False, **filters)
        seen += page.items
        if page.next is None:
            return seen
        assert len(page.items) == limit
        after = page.next
    raise AssertionError("the cursors lead nowhere")


class RepositoryPagesContract:
    """A part of the matches, and the way to the next part."""

    async def test_pages_by_offset(self, store: RepositoryHarness) -> None:
        await store_samples(store, *(Sample(code=f"{number}") for number in range(7)))
        async with read(store) as samples:
            parts = [await samples.page(order=("code",), limit=3, offset=start) for start in (0, 3, 6, 9)]
        assert [[one.code for one in part.items] for part in parts] == [list("012"), list("345"), ["6"], []]
        assert [part.next is None for part in parts] == [False, False, True, True]

    async def test_a_full_last_page_has_no_next(self, store: RepositoryHarness) -> None:
        await store_samples(store, *(Sample(code=f"{number}") for number in range(4)))
        async with read(store) as samples:
            assert (await samples.page(limit=4)).next is None
            assert (await samples.page(limit=2, offset=2)).next is None

    async def test_the_total_is_counted_when_asked(self, store: RepositoryHarness) -> None:
        await store_samples(store, *(Sample(code=f"{number}", amount=number) for number in range(5)))
        async with read(store) as samples:
            page = await samples.page(amount__gte=1, limit=2, count=True)
            assert page.total == 4
            assert (await samples.page(amount__gte=1, limit=2, after=page.next, count=True)).total == 4
            assert (await samples.page(limit=2)).total is None
            assert (await samples.page(amount=9, count=True)).total == 0

    @pytest.mark.parametrize("limit", [1, 2, 3, 7])
    @pytest.mark.parametrize(
        "order",
        [
            (),
            ("rank",),
            ("-rank",),
            ("rank", "-title"),
            ("-rank", "title"),
            ("-title", "rank", "-amount"),
            ("id",),
            ("-id",),
        ],
        ids=" ".join,
    )
    async def test_cursors_lead_through_ties_and_nulls(
        self, store: RepositoryHarness, order: tuple[str, ...], limit: int
    ) -> None:
        ranks = (1, None, 2, 1, None, 2, None, 1, 0)
        await store_samples(
            store,
            *(
                Sample(code=f"{place}", rank=rank, title="xyx"[place % 3], amount=place // 4)
                for place, rank in enumerate(ranks)
            ),
        )
        async with read(store) as samples:
            whole = await samples.find(order=order)
            assert await walk(samples, order, limit) == whole
            matches = await samples.find(order=order, title="x")
            assert await walk(samples, order, limit, title="x") == matches

    @pytest.mark.parametrize(
        "name",
        [
            "title",
            "amount",
            "weight",
            "price",
            "is_active",
            "seen_at",
            "day",
            "hour",
            "span",
            "owner_id",
            "payload",
            "colour",
        ],
    )
    async def test_cursors_lead_over_every_type(self, store: RepositoryHarness, name: str) -> None:
        await store_samples(store, *varied_samples())
        async with read(store) as samples:
            for order in ((name,), (f"-{name}",)):
                assert await walk(samples, order, 1) == await samples.find(order=order)

    async def test_a_cursor_stands_firm_while_others_write(self, store: RepositoryHarness) -> None:
        moments = [START + timedelta(microseconds=number) for number in range(6)]
        await store_samples(store, *(Sample(code=f"{at.microsecond}", seen_at=at) for at in moments))
        async with read(store) as samples:
            first = await samples.page(order=("seen_at",), limit=2)
        async with written(store) as samples:
            await samples.remove_where(code__in=("0", "1"))
        async with written(store) as samples:
            await samples.add(Sample(code="before", seen_at=START - timedelta(days=1)))
        async with read(store) as samples:
            rest = await samples.page(order=("seen_at",), after=first.next)
        assert [one.code for one in rest.items] == list("2345")

    async def test_a_cursor_belongs_to_its_question(self, store: RepositoryHarness) -> None:
        await store_samples(store, *(Sample(code=f"{number}", amount=1) for number in range(3)))
        async with read(store) as samples:
            page = await samples.page(order=("code",), limit=1, amount=1)
            after = page.next
            assert after is not None
            assert (await samples.page(order=("code",), limit=2, amount=1, after=after)).items
            others = (
                partial(samples.page, order=("-code",), amount=1),
                partial(samples.page, amount=1),
                partial(samples.page, order=("code",)),
                partial(samples.page, order=("code",), amount=2),
                partial(samples.page, order=("code",), amount__gte=1),
                partial(samples.page, order=("code",), amount=1, title=""),
            )
            for other in others:
                with pytest.raises(ValidationException) as told:
                    await other(after=after)
                assert told.value.error_code == "INVALID_CURSOR"

    async def test_a_changed_cursor_is_refused(self, store: RepositoryHarness) -> None:
        await store_samples(store, *(Sample(code=f"{number}") for number in range(3)))
        async with read(store) as samples:
            good = (await samples.page(limit=1)).next
            assert good is not None
            swapped = good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1]
            for bad in (
                "",
                "x",
                "====",
                good[1:],
                good[:-1],
                good + "A",
                swapped,
                "\u00e9",
                "\x00",
                "a" * 9_000,
            ):
                with pytest.raises(ValidationException) as told:
                    await samples.page(limit=1, after=bad)
                assert told.value.error_code == "INVALID_CURSOR"

    async def test_offset_and_cursor_exclude_each_other(self, store: RepositoryHarness) -> None:
        await store_samples(store, *(Sample(code=f"{number}") for number in range(3)))
        async with read(store) as samples:
            page = await samples.page(limit=1)
            with pytest.raises(ValidationException):
                await samples.page(limit=1, offset=1, after=page.next)

    @pytest.mark.parametrize("limit", [0, -1, MAX_PAGE + 1, 2**63, True, 1.5, "1", None])
    async def test_the_limit_of_a_page_has_bounds(self, store: RepositoryHarness, limit: int) -> None:
        async with read(store) as samples:
            with pytest.raises(ValidationException) as told:
                await samples.page(limit=limit)
            assert told.value.error_code == "INVALID_PAGE"
            assert list(told.value.errors) == ["limit"]
            assert (await samples.page(limit=MAX_PAGE)).items == ()

    @pytest.mark.parametrize("number", [-1, 2**31, 2**63, True, 1.5, "1"])
    async def test_limit_and_offset_have_bounds(self, store: RepositoryHarness, number: int) -> None:
        async with read(store) as samples:
            for name in ("limit", "offset"):
                with pytest.raises(ValidationException) as told:
                    await samples.find(**{name: number})  # type: ignore[arg-type]  # limit or offset
                assert list(told.value.errors) == [name]
            with pytest.raises(ValidationException):
                await samples.page(offset=number)

    async def test_a_cursor_may_outlive_its_entity(self, store: RepositoryHarness) -> None:
        first, second = Sample(code="a"), Sample(code="b")
        await store_samples(store, first, second)
        async with read(store) as samples:
            after = (await samples.page(limit=1)).next
        async with written(store) as samples:
            await samples.remove(first)
        async with read(store) as samples:
            assert (await samples.page(after=after)).items == (second,)
