"""What every store finds inside a document: by path, by type, and through null and missing keys."""

# ruff: noqa: D102 - a test says what it checks by its name

import pytest

from fastapi_chassis.domain import ValidationException
from fastapi_chassis.testing.contracts.harness import RepositoryHarness, read, store_samples, written
from fastapi_chassis.testing.contracts.repository_lookups import found
from fastapi_chassis.testing.contracts.samples import Sample

DOCUMENTS: dict[str, dict[str, object]] = {
    "a": {"theme": "Dark mode", "size": 1, "on": True, "deep": {"k": {"l": {"m": "Found 100%"}}}},
    "b": {"theme": "light_mode", "size": 1.5, "on": False, "deep": {"k": {"l": {"m": "lost"}}}},
    "c": {"theme": None, "size": "1", "on": 1, "deep": {"k": ["l", "m"]}},
    "d": {"theme": {"name": "dark"}, "size": [1], "on": "true", "deep": "k"},
    "e": {},
    "f": {"na.me": "dot", "it's": "quote", 'say "x"': "double", "$k": "dollar", "0": "zero", "": "none"},
}


class RepositoryDocumentsContract:
    """Questions about what a document holds at a path."""

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({"meta__theme__jsonb_like": "dark"}, "a"),
            ({"meta__theme__jsonb_like": "MODE"}, "a b"),
            ({"meta__theme__jsonb_like": "t_m"}, "b"),
            ({"meta__theme__jsonb_like": "%"}, ""),
            ({"meta__theme__jsonb_like": ""}, "a b"),
            ({"meta__theme__jsonb_not_like": "dark"}, "b c d e f"),
            ({"meta__deep__k__l__m__jsonb_like": "100%"}, "a"),
            ({"meta__deep__k__l__m__jsonb_like": "o"}, "a b"),
            ({"meta__deep__k__l__m__jsonb_not_like": "100%"}, "b c d e f"),
            ({"meta__deep__k__jsonb_like": "l"}, ""),
            ({"meta__deep__jsonb_like": "k"}, "d"),
            ({"meta__size__jsonb_like": "1"}, "a b c"),
            ({"meta__size__jsonb_like": ".5"}, "b"),
            ({"meta__on__jsonb_like": "true"}, "a d"),
            ({"meta__on__jsonb_like": "FALSE"}, "b"),
            ({"meta__theme__jsonb_like": "null"}, ""),
        ],
    )
    async def test_text_inside(
        self, store: RepositoryHarness, filters: dict[str, object], expected: str
    ) -> None:
        await self.store_documents(store)
        assert await found(store, **filters) == expected

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({"meta__size": 1}, "a"),
            ({"meta__size": 1.0}, "a"),
            ({"meta__size": 1.5}, "b"),
            ({"meta__size": "1"}, "c"),
            ({"meta__size__ne": 1}, "b c d e f"),
            ({"meta__on": True}, "a"),
            ({"meta__on": False}, "b"),
            ({"meta__on": 1}, "c"),
            ({"meta__on": "true"}, "d"),
            ({"meta__on__ne": True}, "b c d e f"),
            ({"meta__theme": "Dark mode"}, "a"),
            ({"meta__theme": "dark mode"}, ""),
            ({"meta__theme": None}, "c e f"),
            ({"meta__theme__ne": None}, "a b d"),
            ({"meta__theme__is_null": True}, "c e f"),
            ({"meta__theme__is_null": False}, "a b d"),
            ({"meta__deep__k__l__m": "lost"}, "b"),
            ({"meta__deep__k__l__m__is_null": True}, "c d e f"),
            ({"meta__deep__k__is_null": False}, "a b c"),
            ({"meta__deep__k__0": "l"}, ""),
            ({"meta__size__0": 1}, ""),
        ],
    )
    async def test_values_inside(
        self, store: RepositoryHarness, filters: dict[str, object], expected: str
    ) -> None:
        await self.store_documents(store)
        assert await found(store, **filters) == expected

    @pytest.mark.parametrize("key", ["na.me", "it's", 'say "x"', "$k", "0"])
    async def test_keys_are_taken_literally(self, store: RepositoryHarness, key: str) -> None:
        await self.store_documents(store)
        value = DOCUMENTS["f"][key]
        assert await found(store, **{f"meta__{key}": value}) == "f"
        assert await found(store, **{f"meta__{key}__jsonb_like": value}) == "f"
        assert await found(store, **{f"meta__{key}__is_null": False}) == "f"

    @pytest.mark.parametrize(
        "filters",
        [
            {"meta": {"a": 1}},
            {"meta__in": ({},)},
            {"meta__gt": 1},
            {"meta__jsonb_like": "x"},
            {"meta__k__gt": 1},
            {"meta__k__like": "x"},
            {"meta__k__in": (1,)},
            {"meta__k__jsonb_like": 1},
            {"meta__k": [1]},
            {"meta__k": float("nan")},
            {"meta__k": 2**63},
            {"meta__k": "nul\x00"},
            {"meta__k__jsonb_like": "\ud800"},
            {"meta__k__jsonb_like": "x" * 5_001},
            {"meta__nul\x00": 1},
            {"meta__\ud800": 1},
            {"meta____k": 1},
            {f"meta__{'k' * 5_001}": 1},
            {"__".join(["meta", *"abcdefghijk"]): 1},
            {"labels__jsonb_like": "x"},
        ],
        ids=lambda filters: ascii(next(iter(filters)))[:40],
    )
    async def test_a_question_that_makes_no_sense_is_refused(
        self, store: RepositoryHarness, filters: dict[str, object]
    ) -> None:
        async with read(store) as samples:
            with pytest.raises(ValidationException) as told:
                await samples.find(**filters)  # type: ignore[arg-type]  # lookups
        assert told.value.error_code == "INVALID_FILTER"

    async def test_a_changed_document_is_found_by_its_new_content(self, store: RepositoryHarness) -> None:
        await self.store_documents(store)
        async with written(store) as samples:
            (sample,) = await samples.find(code="a")
            sample.meta = {"theme": "other"}
            await samples.update(sample)
            assert await samples.count(meta__theme="other") == 1
        assert await found(store, meta__theme__jsonb_like="dark") == ""

    async def store_documents(self, store: RepositoryHarness) -> None:
        """Stores one sample per document."""
        await store_samples(store, *(Sample(code=code, meta=meta) for code, meta in DOCUMENTS.items()))
