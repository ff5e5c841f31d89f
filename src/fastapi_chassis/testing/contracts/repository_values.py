"""Which values every store gives back as they were, and which all of them refuse."""

# ruff: noqa: D102 - a test says what it checks by its name

from copy import deepcopy
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest

from fastapi_chassis.domain import ValidationException
from fastapi_chassis.testing.contracts.harness import RepositoryHarness, read, store_samples, written
from fastapi_chassis.testing.contracts.samples import Colour, Sample, varied_samples

KATHMANDU = timezone(timedelta(hours=5, minutes=45))
NAIVE = datetime(2024, 5, 1)  # noqa: DTZ001 - without zone: this is the point
PARAGRAPH = (
    "Caf\u00e9 \u65e5\u672c \U0001f469\u200d\U0001f4bb e\u0301 \u202eleft\u202c\r\n\t\x01\x7f'\"\\%_;--"
)


async def stored(store: RepositoryHarness, sample: Sample) -> Sample:
    """Stores a sample and reads it back."""
    await store_samples(store, sample)
    async with read(store) as samples:
        return await samples.get(sample.id)


class RepositoryValuesContract:
    """A value comes back equal and of the same type, or it is refused before anything is written."""

    async def test_every_field_comes_back_as_it_was(self, store: RepositoryHarness) -> None:
        for sample in varied_samples():
            found = await stored(store, sample)
            assert asdict(found) == asdict(sample)
            for name, value in asdict(sample).items():
                assert type(getattr(found, name)) is type(value), name

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("title", ""),
            ("title", " blanks  "),
            ("title", PARAGRAPH),
            ("title", "\uffff\ufffe\U0010ffff"),
            ("title", "null"),
            ("note", ""),
            ("amount", 2**63 - 1),
            ("amount", -(2**63)),
            ("weight", 0.1 + 0.2),
            ("weight", -0.0),
            ("weight", 5e-324),
            ("weight", 1.7976931348623157e308),
            ("weight", 3),
            ("price", Decimal("0.1")),
            ("price", Decimal("-99999999999.9999")),
            ("price", 7),
            ("price", Decimal("9" * 40 + "." + "9" * 40)),
            ("price", Decimal("1E+1000")),
            ("price", Decimal("-1E-1000")),
            ("price", Decimal("0E-1000")),
            ("seen_at", datetime(1, 1, 2, tzinfo=UTC)),
            ("hour", time(0)),
            ("hour", time(12, 30, 0, 1)),
            ("hour", time(23, 59, 59, 999_999)),
            ("span", timedelta(0)),
            ("span", timedelta(microseconds=-1)),
            ("span", timedelta(microseconds=2**63 - 1)),
            ("span", timedelta(microseconds=-(2**63))),
            ("seen_at", datetime(2024, 3, 31, 2, 30, 0, 1, tzinfo=UTC)),
            ("seen_at", datetime(2024, 3, 31, 2, 30, 0, 999_999, tzinfo=KATHMANDU)),
            ("seen_at", datetime(1900, 1, 1, tzinfo=UTC)),
            ("seen_at", datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC)),
            ("day", date(1, 1, 1)),
            ("day", date(9999, 12, 31)),
            ("owner_id", UUID(int=0)),
            ("payload", b""),
            ("payload", bytes(range(256))),
            ("colour", Colour.BLUE),
            ("labels", []),
            ("labels", ["", PARAGRAPH, "a"]),
            ("meta", {}),
            ("meta", {"": None, "a b": [], "c": {}, PARAGRAPH: PARAGRAPH}),
            (
                "meta",
                {"i": 2**63 - 1, "n": -1, "f": 1.5, "t": True, "z": 0, "0": False, "l": [[1], [None, {}]]},
            ),
        ],
    )
    async def test_what_comes_back_as_it_was(
        self, store: RepositoryHarness, name: str, value: object
    ) -> None:
        sample = Sample(code="a")
        setattr(sample, name, value)
        found = getattr(await stored(store, sample), name)
        assert found == value
        assert repr(found) == repr(value) or not isinstance(value, bool | str | bytes | UUID | list)

    async def test_times_come_back_with_a_zone(self, store: RepositoryHarness) -> None:
        found = await stored(store, Sample(code="a", seen_at=datetime(2024, 5, 1, 12, tzinfo=KATHMANDU)))
        assert found.seen_at is not None
        assert found.seen_at.utcoffset() is not None
        assert found.seen_at == datetime(2024, 5, 1, 6, 15, tzinfo=UTC)

    async def test_true_and_one_stay_apart_in_documents(self, store: RepositoryHarness) -> None:
        found = await stored(store, Sample(code="a", meta={"t": True, "f": False, "one": 1, "zero": 0}))
        assert {key: type(value) for key, value in found.meta.items()} == {
            "t": bool,
            "f": bool,
            "one": int,
            "zero": int,
        }

    async def test_a_megabyte_of_text_comes_back(self, store: RepositoryHarness) -> None:
        long = ("\u00e9" + "x" * 1_023) * 1_024
        sample = Sample(code="a", note=long, payload=long.encode(), meta={"long": long}, labels=[long])
        found = await stored(store, sample)
        assert (found.note, found.payload) == (long, long.encode())
        assert (found.meta, found.labels) == ({"long": long}, [long])

    async def test_a_document_of_many_levels_comes_back(self, store: RepositoryHarness) -> None:
        meta: dict[str, object] = {"end": True}
        for _ in range(90):
            meta = {"in": meta}
        assert (await stored(store, Sample(code="a", meta=meta))).meta == meta

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("code", "nul\x00"),
            ("title", "\ud800"),
            ("title", None),
            ("title", 1),
            ("title", b"bytes"),
            ("note", "pair \udc00\ud800"),
            ("amount", 2**63),
            ("amount", -(2**63) - 1),
            ("amount", True),
            ("amount", 1.0),
            ("amount", "1"),
            ("amount", Decimal(1)),
            ("weight", float("nan")),
            ("weight", float("inf")),
            ("weight", float("-inf")),
            ("weight", Decimal("1.5")),
            ("weight", False),
            ("price", Decimal("NaN")),
            ("price", Decimal("sNaN")),
            ("price", Decimal("Infinity")),
            ("price", 1.5),
            ("price", Decimal("1E+1001")),
            ("price", Decimal("1E+999999999")),
            ("price", Decimal("1E-1001")),
            ("price", Decimal("0E+999999999")),
            ("is_active", 1),
            ("is_active", None),
            ("seen_at", NAIVE),
            ("seen_at", date(2024, 5, 1)),
            ("seen_at", "2024-05-01T00:00:00Z"),
            ("seen_at", datetime(1, 1, 1, tzinfo=UTC)),
            ("seen_at", datetime(1, 1, 1, tzinfo=KATHMANDU)),
            ("seen_at", datetime.max.replace(tzinfo=UTC)),
            ("seen_at", datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5)))),
            ("day", datetime(2024, 5, 1, tzinfo=UTC)),
            ("hour", time(12, tzinfo=UTC)),
            ("hour", "12:00"),
            ("span", 1),
            ("span", timedelta(microseconds=2**63)),
            ("span", timedelta.min),
            ("owner_id", "00000000-0000-0000-0000-000000000000"),
            ("payload", "text"),
            ("colour", "red"),
            ("colour", None),
            ("meta", None),
            ("meta", []),
            ("meta", {"nul": "\x00"}),
            ("meta", {"nul\x00": 1}),
            ("meta", {"deep": [{"in": "\ud800"}]}),
            ("meta", {"nan": float("nan")}),
            ("meta", {"large": [2**63]}),
            ("meta", {"naive": NAIVE}),
            ("meta", {1: "one"}),
            ("meta", {"set": {1}}),
            ("meta", {"pair": (1, 2)}),
            ("meta", {"id": [UUID(int=1)]}),
            ("meta", {"at": datetime(2024, 5, 1, tzinfo=UTC)}),
            ("meta", {"bytes": b"x"}),
            ("labels", {}),
            ("labels", "text"),
            ("labels", ["nul\x00"]),
        ],
        ids=lambda value: ascii(value)[:40],
    )
    async def test_what_no_store_can_keep_is_refused_by_all(
        self, store: RepositoryHarness, name: str, value: object
    ) -> None:
        good = Sample(code="good")
        await store_samples(store, good)
        bad, changed = Sample(code="bad"), deepcopy(good)
        setattr(bad, name, value)
        setattr(changed, name, value)
        async with written(store) as samples:
            for write, sample in (
                (samples.add, bad),
                (samples.upsert, bad),
                (samples.update, changed),
                (samples.upsert, changed),
            ):
                with pytest.raises(ValidationException) as told:
                    await write(sample)
                assert list(told.value.errors) == [name]
            with pytest.raises(ValidationException):
                await samples.add_many([Sample(code="first"), bad])
        async with read(store) as samples:
            assert [one.version for one in await samples.find()] == [1]

    async def test_a_bottomless_document_is_refused(self, store: RepositoryHarness) -> None:
        meta: dict[str, object] = {}
        for _ in range(5_000):
            meta = {"in": meta}
        async with written(store) as samples:
            with pytest.raises(ValidationException):
                await samples.add(Sample(code="a", meta=meta))
            assert await samples.count() == 0
