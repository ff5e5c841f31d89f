"""Entities as bytes: exact, small in what they need to know, and readable by a later class."""

from dataclasses import asdict, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from uuid import UUID

import pytest

from fastapi_chassis.domain import BaseAggregate, BaseEntity, ValidationException, ValueObject, WiringError
from fastapi_chassis.plugins.redis.rows import Row, RowCodec, StoredRowError
from fastapi_chassis.testing.contracts.samples import Sample, varied_samples


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


class Mood(Enum):
    GOOD = "good"
    BAD = b"bad"


class Word(StrEnum):
    YES = "yes"


class Money(ValueObject):
    amount: Decimal
    currency: str = "EUR"


class Everything(BaseEntity[int]):
    size: Size = Size.SMALL
    mood: Mood = Mood.GOOD
    at: time = time(12, 30)
    length: timedelta = timedelta(0)
    price: Money | None = None
    prices: tuple[Money, ...] = ()
    tags: set[str] = field(default_factory=set)
    by_number: dict[int, date] = field(default_factory=dict)
    name: str = ""


def codec_of(entity: type) -> RowCodec[object]:
    return RowCodec(entity, "id")


@pytest.mark.parametrize("sample", varied_samples(), ids=lambda sample: sample.code)
def test_every_kind_of_field_comes_back_as_it_was(sample: Sample) -> None:
    codec = RowCodec(Sample, "id")
    found = codec.decode(codec.encode(sample, 7))
    assert asdict(found) == asdict(sample) | {"version": 7}
    assert {name: type(one) for name, one in vars(found).items()} == {
        name: type(one) for name, one in vars(sample).items()
    }


def test_what_json_has_no_word_for_comes_back_too() -> None:
    codec = RowCodec(Everything, "id")
    one = Everything(
        id=1,
        size=Size.LARGE,
        mood=Mood.BAD,
        at=time(23, 59, 59, 999_999),
        length=timedelta(days=-1, microseconds=1),
        price=Money(amount=Decimal("1.10")),
        prices=(Money(amount=Decimal(1), currency="USD"), Money(amount=Decimal("2.00"))),
        tags={"a", "b"},
        by_number={1: date(2024, 2, 29)},
    )
    found = codec.decode(codec.encode(one, 1))
    assert asdict(found) == asdict(one)
    assert type(found.price) is Money
    assert type(found.tags) is set
    assert found.mood is Mood.BAD


def test_text_that_is_more_than_text_is_stored_as_text() -> None:
    codec = RowCodec(Everything, "id")
    found = codec.decode(codec.encode(Everything(id=1, name=Word.YES), 1))
    assert (found.name, type(found.name)) == ("yes", str)


def test_what_would_not_come_back_is_refused() -> None:
    codec = codec_of(Sample)
    with pytest.raises(ValidationException) as told:
        codec.encode(Sample(code="a", meta={"odd": object()}), 1)
    assert list(told.value.errors) == ["meta"]


def test_a_field_that_no_store_can_hold_is_found_when_the_service_is_built() -> None:
    class Opaque:
        pass

    class Holder(BaseEntity[int]):
        __annotations__ = {"opaque": Opaque}

    with pytest.raises(WiringError, match="opaque can't be stored"):
        codec_of(Holder)


class OldItem(BaseAggregate):
    title: str
    colour: str = "red"


class NewItem(BaseAggregate):
    title: str
    labels: list[str] = field(default_factory=list)
    stock: int = 3


class StricterItem(BaseAggregate):
    title: str
    isbn: str


def test_a_class_that_has_grown_reads_what_was_stored_before() -> None:
    row = codec_of(OldItem).encode(OldItem(title="Dune"), 4)
    codec = RowCodec(NewItem, "id")
    first, second = codec.decode(row), codec.decode(row)
    assert (first.title, first.labels, first.stock, first.version) == ("Dune", [], 3, 4)
    assert "colour" not in vars(first)
    first.labels.append("changed")
    assert second.labels == []


def test_a_field_without_default_is_missed_with_a_sentence() -> None:
    row = codec_of(OldItem).encode(OldItem(title="Dune"), 4)
    with pytest.raises(StoredRowError, match="stored StricterItem has no isbn"):
        codec_of(StricterItem).decode(row)


def test_a_row_is_its_revision_and_its_data() -> None:
    assert Row.of(b"12\n{}\n") == Row(12, b"{}\n")
    assert Row(1, b"x").moved(5) == Row(5, b"x")


class ByText(BaseEntity[str]): ...


class ByNumber(BaseEntity[int]): ...


class ByUuid(BaseEntity[UUID]): ...


class ByMoment(BaseEntity[datetime]): ...


class ByPrice(BaseEntity[Decimal]): ...


class ByBytes(BaseEntity[bytes]): ...


class BySize(BaseEntity[Size]): ...


@pytest.mark.parametrize(
    ("entity", "keys"),
    [
        (ByText, ["", " ", "A", "a", "a ", "\u00e9", "\u65e5", "\U0001f511"]),
        (ByNumber, [-(2**63), -10, -9, 0, 9, 10, 2**63 - 1]),
        (ByUuid, [UUID(int=number) for number in (0, 15, 16, 2**64, 2**128 - 1)]),
    ],
)
def test_the_text_of_a_key_sorts_as_the_key_does(entity: type, keys: list[object]) -> None:
    codec = codec_of(entity)
    texts = [codec.member(key) for key in keys]
    assert texts == sorted(texts, key=str.encode)
    assert len(set(texts)) == len(keys)
    assert codec.is_ordered


EAST = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("entity", "same", "other"),
    [
        (
            ByMoment,
            [datetime(2024, 5, 1, 12, tzinfo=UTC), datetime(2024, 5, 1, 14, tzinfo=EAST)],
            datetime(2024, 5, 1, tzinfo=UTC),
        ),
        (ByPrice, [Decimal(10), Decimal("1E+1"), Decimal("10.00"), 10], Decimal(-10)),
        (ByPrice, [Decimal(0), Decimal("-0.00"), 0], Decimal("0.1")),
        (ByBytes, [b"\x00\xff"], b"00ff"),
        (BySize, [Size.LARGE], Size.SMALL),
    ],
)
def test_equal_keys_have_one_text(entity: type, same: list[object], other: object) -> None:
    codec = codec_of(entity)
    assert len({codec.member(key) for key in same}) == 1
    assert codec.member(other) != codec.member(same[0])


def test_equal_values_have_one_digest_and_null_has_none() -> None:
    codec = codec_of(Sample)
    assert codec.digest(("price", "title"), [Decimal("1.50"), "a"]) == codec.digest(
        ("price", "title"), [Decimal("1.5"), "a"]
    )
    assert codec.digest(("weight",), [3]) == codec.digest(("weight",), [3.0])
    assert codec.digest(("weight",), [-0.0]) == codec.digest(("weight",), [0.0])
    assert codec.digest(("code", "title"), ["a", "bc"]) != codec.digest(("code", "title"), ["ab", "c"])
    assert codec.digest(("code", "note"), ["a", None]) is None
