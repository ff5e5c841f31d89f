"""What comes back from a document is what was written, and parts are ordered as values are."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from types import new_class
from uuid import UUID

import pytest
from bson.decimal128 import Decimal128
from hypothesis import given
from hypothesis import strategies as st

from fastapi_chassis.domain import (
    BaseAggregate,
    BaseEntity,
    ValueObject,
    WiringError,
    check_storable,
    problem_with,
    shape_of,
)
from fastapi_chassis.plugins.odm.codec import DocumentCodec, fields_of, value_codec


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


class Word(StrEnum):
    YES = "yes"


class Money(ValueObject):
    amount: Decimal
    currency: str


class Thing(BaseAggregate):
    name: str
    exact: Decimal = Decimal(0)
    at: datetime | None = None
    day: date | None = None
    clock: time | None = None
    span: timedelta | None = None
    size: Size = Size.SMALL
    word: Word | None = None
    raw: bytes = b""
    prices: list[Money] = field(default_factory=list)
    meta: dict[str, object] = field(default_factory=dict)


CODEC = DocumentCodec(Thing, "id")


def stored(thing: Thing) -> Thing:
    return CODEC.decode(fields_of(CODEC.encode(thing)))


def there_and_back(name: str, value: object) -> object:
    thing = Thing(name="a")
    setattr(thing, name, value)
    return getattr(stored(thing), name)


def test_every_kind_of_field_comes_back():
    thing = Thing(
        name="a",
        exact=Decimal("19.990"),
        at=datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC),
        day=date(1, 1, 1),
        clock=time(23, 59, 59, 999_999),
        span=timedelta(days=-1, microseconds=1),
        size=Size.LARGE,
        word=Word.YES,
        raw=bytes(range(256)),
        prices=[Money(amount=Decimal("1.50"), currency="EUR")],
        meta={"a.b": {"$c": [1, True, None, {"": 1.0}]}},
    )
    check_storable(thing)
    found = stored(thing)
    assert found.__dict__ == thing.__dict__
    for name in shape_of(Thing):
        assert type(getattr(found, name)) is type(getattr(thing, name)), name
    assert str(found.exact) == "19.990"


def test_the_document_is_what_others_expect():
    document = fields_of(CODEC.encode(Thing(id=UUID(int=7), name="a", exact=Decimal("1.5"), size=Size.LARGE)))
    assert document["_id"] == UUID(int=7)
    assert "id" not in document
    assert document["exact"] == Decimal128("1.5")
    assert (document["size"], document["at"], document["version"]) == (2, None, 0)
    assert "_rest" not in document


def test_what_was_encoded_does_not_change_with_the_entity():
    thing = Thing(name="a", meta={"k": ["v"]})
    encoded = CODEC.encode(thing, version=3)
    thing.meta["k"].append("later")  # type: ignore[attr-defined]  # known from above
    assert CODEC.decode(fields_of(encoded)).meta == {"k": ["v"]}
    assert CODEC.decode(fields_of(encoded)).version == 3


def test_a_time_of_another_zone_is_the_same_moment():
    east = datetime(2024, 5, 1, 12, 0, 0, 1, tzinfo=timezone(timedelta(hours=9)))
    found = there_and_back("at", east)
    assert found == east
    assert isinstance(found, datetime)
    assert found.tzinfo is UTC


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_microsecond_comes_back(moment):
    assert there_and_back("at", moment) == moment


@given(st.timedeltas(min_value=timedelta(days=-100_000_000), max_value=timedelta(days=100_000_000)))
def test_every_span_comes_back(span):
    assert there_and_back("span", span) == span


NUMBERS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False).filter(
        lambda number: not problem_with(Decimal, number)
    ),
    st.builds(
        lambda digits, exponent: Decimal(digits).scaleb(exponent),
        st.integers(-(10**27), 10**27),
        st.integers(-900, 900),
    ),
    st.builds(
        lambda whole, last: Decimal(f"{whole}{last}"),
        st.integers(-(10**40), 10**40),
        st.sampled_from(["", ".0", ".5", ".25", f".{'0' * 50}1", f".{'9' * 60}"]),
    ),
)


@given(NUMBERS)
def test_every_exact_number_comes_back(number):
    assert there_and_back("exact", number) == number


EDGES = [
    Decimal(text)
    for text in (
        "0",
        "-0",
        "0E+900",
        "0E-900",
        "1E-1000",
        "-1E-1000",
        "1E+1000",
        "-1E+1000",
        "1." + "3" * 900,
        "-1." + "3" * 900,
        "9" * 34,
        "9" * 35,
        "-" + "9" * 35,
        "1" + "0" * 34,
        "1" + "0" * 33 + "1",
        "9" * 34 + "." + "9" * 34,
        "123456789012345678901234567890123.45",
        "123456789012345678901234567890123.46",
        "123456789012345678901234567890123.4",
    )
]


def test_parts_are_ordered_as_exact_numbers_are():
    write = CODEC.values["exact"].write

    def key(number):
        value, rest = write(number)
        return value.to_decimal(), rest or ""

    numbers = sorted(set(EDGES), key=key)
    assert numbers == sorted(set(EDGES))
    for number in EDGES:
        assert there_and_back("exact", number) == number
        assert [other for other in EDGES if key(other) == key(number)] == [
            other for other in EDGES if other == number
        ]


@given(NUMBERS, NUMBERS)
def test_two_numbers_are_compared_by_their_parts(one, other):
    write = CODEC.values["exact"].write

    def key(number):
        value, rest = write(number)
        return value.to_decimal(), rest or ""

    assert (key(one) < key(other)) == (one < other)
    assert (key(one) == key(other)) == (one == other)


class Mixed(Enum):
    ONE = 1
    TWO = "two"


def refusal(annotation: object, identity: str = "id", name: str = "field") -> str:
    entity = new_class(
        "Refused", (BaseEntity[str],), {}, lambda body: body.update(__annotations__={name: annotation})
    )
    with pytest.raises(WiringError) as told:
        DocumentCodec(entity, identity)
    return str(told.value)


def test_fields_that_no_document_holds_are_findings():
    assert "begins with an underscore" in refusal(str, name="_outbox")
    assert "has no field code" in refusal(str, identity="code")
    for annotation in (Decimal, datetime, dict, str | None):
        assert "can't be the `_id`" in refusal(annotation, identity="field")
    assert "neither all text nor all whole numbers" in refusal(Mixed)


@dataclass
class Plain:
    id: str


def test_an_identity_lies_in_its_own_place():
    codec = DocumentCodec(Plain, "id")
    assert codec.key("a") == "a"
    assert codec.path("id") == "_id"
    assert value_codec(shape_of(Plain)["id"]).bson_type == "string"


class Engine:
    pass


class Car(BaseAggregate):
    engine: Engine


def test_a_type_that_pydantic_does_not_know_is_a_finding():
    with pytest.raises(WiringError, match="pydantic does not know the type"):
        DocumentCodec(Car, "id")
