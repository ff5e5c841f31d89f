"""What every lookup finds, on every store: nulls, case, patterns, and questions that are refused."""

# ruff: noqa: D102 - a test says what it checks by its name

from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest

from fastapi_chassis.domain import MAX_FILTERS, MAX_ITEMS, ValidationException, contains
from fastapi_chassis.testing.contracts.harness import RepositoryHarness, read, store_samples
from fastapi_chassis.testing.contracts.samples import (
    Colour,
    Sample,
    SampleRepository,
    varied_samples,
)

ONE, TWO = UUID(int=1), UUID(int=2)
NOON = datetime(2024, 5, 1, 12, 0, 0, 1, tzinfo=UTC)
NOON_IN_THE_EAST = NOON.astimezone(timezone(timedelta(hours=9)))


async def found(store: RepositoryHarness, /, **filters: object) -> str:
    """Returns the codes of the matches, in order, and checks that count and exists agree."""
    async with read(store) as samples:
        matches = await samples.find(order=("code",), limit=None, offset=0, **filters)
        assert await samples.count(**filters) == len(matches)
        assert await samples.exists(**filters) == bool(matches)
    return " ".join(one.code for one in matches)


async def store_texts(store: RepositoryHarness, texts: Iterable[str | None]) -> None:
    """Stores samples a, b, c, ... with these notes."""
    named = zip("abcdefghijklmnop", texts, strict=False)
    await store_samples(store, *(Sample(code=code, note=text) for code, text in named))


def questions(samples: SampleRepository) -> tuple[Callable[..., Awaitable[object]], ...]:
    """Returns every method that takes filters."""
    return (
        samples.find,
        samples.first,
        samples.page,
        samples.count,
        samples.exists,
        samples.remove_where,
    )


class RepositoryLookupsContract:
    """Questions about single values."""

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({"rank": 1}, "a b"),
            ({"rank__e": 1}, "a b"),
            ({"rank__ne": 1}, "c d"),
            ({"rank__gt": 1}, "c"),
            ({"rank__gte": 1}, "a b c"),
            ({"rank__lt": 2}, "a b"),
            ({"rank__lte": 2}, "a b c"),
            ({"rank__in": (1, 7)}, "a b"),
            ({"rank__in": ()}, ""),
            ({"rank__not_in": [1, 7]}, "c d"),
            ({"rank__not_in": ()}, "a b c d"),
            ({"rank__between": (1, 2)}, "a b c"),
            ({"rank__between": (2, 1)}, ""),
            ({"rank__is_null": True}, "d"),
            ({"rank__is_null": False}, "a b c"),
            ({"rank": None}, "d"),
            ({"rank__ne": None}, "a b c"),
        ],
    )
    async def test_numbers_and_nulls(
        self, store: RepositoryHarness, filters: dict[str, object], expected: str
    ) -> None:
        await store_samples(
            store,
            *(Sample(code=code, rank=rank) for code, rank in zip("abcd", (1, 1, 2, None), strict=True)),
        )
        assert await found(store, **filters) == expected

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({"weight": 1.5}, "a"),
            ({"weight__gt": 1}, "a"),
            ({"weight": 0}, "b"),
            ({"price": Decimal("19.990")}, "a"),
            ({"price__lt": Decimal("19.991")}, "a b"),
            ({"price__gte": 100}, ""),
            ({"price__between": (Decimal("9.99"), 20)}, "a b"),
            ({"price__in": (Decimal("9.99"),)}, "b"),
            ({"is_active": False}, "a"),
            ({"is_active__ne": False}, "b"),
            ({"is_active__in": (True, False)}, "a b"),
            ({"seen_at": NOON_IN_THE_EAST}, "a"),
            ({"seen_at__lte": NOON}, "a"),
            ({"seen_at__lt": NOON}, ""),
            ({"seen_at__gt": NOON - timedelta(microseconds=1)}, "a"),
            ({"seen_at__not_in": (NOON_IN_THE_EAST,)}, "b"),
            ({"day__between": (date(2024, 5, 1), date(2024, 5, 1))}, "a"),
            ({"day__ne": date(2024, 5, 1)}, "b"),
            ({"hour__gt": time(11, 59)}, "a"),
            ({"hour__in": (time(12),)}, "a"),
            ({"hour": None}, "b"),
            ({"span__lt": timedelta(0)}, "a"),
            ({"span__between": (timedelta(days=-1), timedelta(0))}, "a"),
            ({"span__ne": timedelta(days=-1)}, "b"),
            ({"title__between": ("A", "B")}, "a"),
            ({"colour__between": (Colour.BLUE, Colour.GREEN)}, "a"),
            ({"owner_id__between": (ONE, ONE)}, "a"),
            ({"is_active__between": (True, True)}, "b"),
            ({"payload__between": (b"", b"\xff")}, "a"),
            ({"owner_id": ONE}, "a"),
            ({"owner_id__in": {ONE, TWO}}, "a b"),
            ({"owner_id__gt": ONE}, "b"),
            ({"payload": b"\x00'"}, "a"),
            ({"payload__gt": b""}, "a"),
            ({"colour": Colour.GREEN}, "a"),
            ({"colour__in": (Colour.RED, Colour.GREEN)}, "a b"),
            ({"colour__ne": Colour.GREEN}, "b"),
            ({"colour__lt": Colour.RED}, "a"),
            ({"version": 1}, "a b"),
        ],
    )
    async def test_every_type(
        self, store: RepositoryHarness, filters: dict[str, object], expected: str
    ) -> None:
        await store_samples(
            store,
            Sample(
                code="a",
                title="Abc",
                weight=1.5,
                price=Decimal("19.99"),
                is_active=False,
                seen_at=NOON,
                day=date(2024, 5, 1),
                hour=time(12),
                span=timedelta(days=-1),
                owner_id=ONE,
                payload=b"\x00'",
                colour=Colour.GREEN,
            ),
            Sample(code="b", price=Decimal("9.99"), owner_id=TWO),
        )
        assert await found(store, **filters) == expected

    async def test_the_edges_of_every_type_are_found(self, store: RepositoryHarness) -> None:
        batch = varied_samples()
        await store_samples(store, *batch)
        names = (
            "amount",
            "weight",
            "price",
            "seen_at",
            "day",
            "hour",
            "span",
            "owner_id",
            "payload",
            "colour",
            "title",
            "note",
        )
        for name in names:
            for sample in batch:
                value = getattr(sample, name)
                same = sorted(one.code for one in batch if getattr(one, name) == value)
                assert await found(store, **{name: value}) == " ".join(same), (name, value)

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({"note__like": "Abc"}, "a"),
            ({"note__like": "A%"}, "a"),
            ({"note__like": "%b%"}, "a b"),
            ({"note__like": "_bc"}, "a b"),
            ({"note__like": "__"}, ""),
            ({"note__like": "%"}, "a b c d e"),
            ({"note__like": ""}, "d"),
            ({"note__ilike": "ABC"}, "a b"),
            ({"note__ilike": "\u00c9T_"}, "c"),
            ({"note__ilike": "%\u0416%"}, "e"),
            ({"note__like": "\u00c9t\u00e9"}, ""),
            ({"note__like": "_t_"}, "c"),
            ({"note__not_like_all": ("A%", "_t_")}, "b d e f"),
            ({"note__not_like_all": ("%",)}, "f"),
            ({"note__not_like_all": ()}, "a b c d e f"),
            ({"note__not_in": ("Abc",)}, "b c d e f"),
            ({"note__ne": ""}, "a b c e f"),
            ({"note__gte": "abc"}, "b c e"),
            ({"note": "abc"}, "b"),
            ({"colour__like": "%e%", "code__in": ("a", "b")}, "a b"),
        ],
    )
    async def test_text(self, store: RepositoryHarness, filters: dict[str, object], expected: str) -> None:
        await store_texts(store, ["Abc", "abc", "\u00e9t\u00e9", "", "new\n\u0436 line", None])
        assert await found(store, **filters) == expected

    @pytest.mark.parametrize(
        ("pattern", "expected"),
        [
            (r"100\%", "a"),
            (r"%\%%", "a c"),
            (r"a\_b", "d"),
            (r"a_b", "d e f"),
            (r"a\\b", "f"),
            (r"%\\%", "c f"),
            (r"\a\b", "g"),
            (r"[a]%", "h"),
            (r"a*", "i"),
            (r"'; --", "j"),
        ],
    )
    async def test_a_backslash_takes_the_meaning_of_a_wildcard_away(
        self, store: RepositoryHarness, pattern: str, expected: str
    ) -> None:
        texts = ["100%", "1000", r"a%\c", "a_b", "axb", r"a\b", "ab", "[a]", "a*", "'; --"]
        await store_texts(store, texts)
        assert await found(store, note__like=pattern) == expected
        assert await found(store, note__ilike=pattern.upper()) == expected
        everything = set("abcdefghij")
        assert await found(store, note__not_like_all=(pattern,)) == " ".join(
            sorted(everything - set(expected.split()))
        )

    @pytest.mark.parametrize("text", ["100%", "a_b", r"a\b", r"\%", "\\", "%", "'", '"', "x?y:z $1"])
    async def test_contains_finds_what_users_type(self, store: RepositoryHarness, text: str) -> None:
        await store_texts(store, [f"<{text}>", "100", "axb", "ab", "", None])
        assert await found(store, note__like=contains(text)) == "a"
        assert await found(store, note__ilike=contains(text.upper())) == "a"

    @pytest.mark.parametrize("lookup", ["like", "ilike"])
    async def test_a_pattern_that_ends_within_an_escape_is_refused(
        self, store: RepositoryHarness, lookup: str
    ) -> None:
        async with read(store) as samples:
            for pattern in ("\\", "abc\\", "a\\\\\\"):
                with pytest.raises(ValidationException):
                    await samples.find(**{f"note__{lookup}": pattern})  # type: ignore[arg-type]  # a lookup
            with pytest.raises(ValidationException):
                await samples.find(note__not_like_all=("%", "abc\\"))

    @pytest.mark.parametrize(
        "filters",
        [
            {"unknown": 1},
            {"title__unknown": 1},
            {"title__jsonb_like": "x"},
            {"amount": "1"},
            {"amount": True},
            {"amount": 1.0},
            {"amount": None},
            {"amount__gt": None},
            {"amount__in": 1},
            {"amount__in": (1, None)},
            {"amount__in": (1, True)},
            {"amount__between": (1,)},
            {"amount__between": (1, 2, 3)},
            {"amount__like": "1"},
            {"rank__is_null": 1},
            {"rank__gt": 2**63},
            {"is_active": 1},
            {"weight": float("nan")},
            {"weight__lt": float("inf")},
            {"price": 1.5},
            {"price__lt": Decimal("1E+999999999")},
            {"price__between": (0, Decimal("1E-999999999"))},
            {"seen_at__gte": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9)))},
            {"hour": time(12, tzinfo=UTC)},
            {"span__gt": timedelta.max},
            {"price": Decimal("NaN")},
            {"price": Decimal("sNaN")},
            {"seen_at": datetime(2024, 5, 1)},  # noqa: DTZ001 - without zone: this is the point
            {"seen_at": date(2024, 5, 1)},
            {"day": NOON},
            {"owner_id": str(ONE)},
            {"colour": "red"},
            {"title": "nul\x00"},
            {"title__like": "%\ud800"},
            {"title__in": ("fine", "nul\x00")},
            {"title__in": "text"},
            {"title": "x" * 5_001},
            {"title__ilike": "x" * 5_001},
            {"title__in": ("x" * 5_001,)},
            {"title__in": ["x"] * (MAX_ITEMS + 1)},
            {"title__not_in": ["x"] * (MAX_ITEMS + 1)},
            {"title__not_like_all": ["x"] * (MAX_ITEMS + 1)},
            {f"meta__k{number}": number for number in range(MAX_FILTERS + 1)},
        ],
        ids=lambda filters: next(iter(filters)),
    )
    async def test_a_question_that_makes_no_sense_is_refused(
        self, store: RepositoryHarness, filters: dict[str, object]
    ) -> None:
        async with read(store) as samples:
            for ask in questions(samples):
                with pytest.raises(ValidationException) as told:
                    await ask(**filters)
                assert told.value.error_code == "INVALID_FILTER"

    async def test_the_greatest_question_is_answered(self, store: RepositoryHarness) -> None:
        await store_samples(store, Sample(code="a", note="x" * 5_000, meta={"k0": 0}))
        assert await found(store, note="x" * 5_000) == "a"
        assert await found(store, note__ilike="X" * 5_000) == "a"
        assert await found(store, code__in=["a"] * MAX_ITEMS) == "a"
        assert await found(store, code__not_like_all=["b%"] * MAX_ITEMS) == "a"
        filters = {f"meta__k{number}__is_null": number > 0 for number in range(MAX_FILTERS)}
        assert await found(store, **filters) == "a"
