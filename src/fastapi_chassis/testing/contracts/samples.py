"""The entities that the contract suites store: one field of every kind that a store must keep."""

from dataclasses import field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from fastapi_chassis.application import AbstractRepository
from fastapi_chassis.domain import (
    Audited,
    BaseAggregate,
    BaseEntity,
    DomainEvent,
    IntegrationEvent,
    SoftDeletable,
)

SCALARS = (
    "amount",
    "colour",
    "day",
    "hour",
    "is_active",
    "note",
    "owner_id",
    "payload",
    "price",
    "seen_at",
    "span",
    "title",
    "weight",
)


class Colour(StrEnum):
    """A closed set of words."""

    RED = "red"
    GREEN = "green"
    BLUE = "blue"


class SampleRenamed(IntegrationEvent):
    """Told to other services."""

    sample_id: UUID
    title: str


class SampleCounted(DomainEvent):
    """Told within the service."""

    sample_id: UUID
    amount: int


class Sample(BaseAggregate):
    """An aggregate with a field of every kind; its code is unique."""

    code: str
    title: str = ""
    note: str | None = None
    amount: int = 0
    rank: int | None = None
    weight: float = 0.0
    price: Decimal = Decimal(0)
    is_active: bool = True
    seen_at: datetime | None = None
    day: date | None = None
    hour: time | None = None
    span: timedelta | None = None
    owner_id: UUID | None = None
    payload: bytes | None = None
    colour: Colour = Colour.RED
    meta: dict[str, object] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)

    def rename(self, title: str) -> None:
        """Changes the title and says so to other services."""
        self.title = title
        self.record(SampleRenamed(sample_id=self.id, title=title))

    def count(self) -> None:
        """Adds one to the amount and says so within the service."""
        self.amount += 1
        self.record(SampleCounted(sample_id=self.id, amount=self.amount))


class Word(BaseEntity[str]):
    """A plain entity: text as identity, and no version."""

    meaning: str | None = None


class Card(SoftDeletable, Audited, BaseAggregate):
    """An aggregate that knows who stored it and when, and that stays when it is removed."""

    code: str
    title: str = ""


class SampleRepository(AbstractRepository[Sample, UUID]):
    """Holds samples."""

    unique = (("code",),)


class WordRepository(AbstractRepository[Word, str]):
    """Holds words."""


class CardRepository(AbstractRepository[Card, UUID]):
    """Holds cards."""

    unique = (("code",),)


REPOSITORIES: tuple[type, ...] = (SampleRepository, WordRepository, CardRepository)


def varied_samples() -> list[Sample]:
    """Makes samples that differ in every field, edges included; some fields are null."""
    east = timezone(timedelta(hours=5, minutes=30))
    return [
        Sample(
            code="full",
            title="A long way",
            note="noted",
            amount=2**63 - 1,
            rank=1,
            weight=1.5,
            price=Decimal("19.99"),
            is_active=False,
            seen_at=datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC),
            day=date(2024, 2, 29),
            hour=time(23, 59, 59, 999_999),
            span=timedelta(days=-1, microseconds=1),
            owner_id=UUID(int=2**128 - 1),
            payload=b"\x00\xff\n'\"",
            colour=Colour.GREEN,
            meta={
                "a": {"b": {"c": {"d": "deep"}}},
                "n": None,
                "t": True,
                "i": 1,
                "f": 1.5,
                "l": [1, {"x": 2}],
            },
            labels=["x", "y"],
        ),
        Sample(
            code="low",
            amount=-(2**63),
            rank=-5,
            weight=-1e-9,
            price=Decimal("-0.01"),
            seen_at=datetime(2024, 3, 1, 5, 29, 59, 999_998, tzinfo=east),
            day=date(1970, 1, 1),
            hour=time(0),
            span=timedelta(days=100_000),
            owner_id=UUID(int=0),
            payload=b"",
            colour=Colour.BLUE,
        ),
        Sample(code="high", title="Zebra", weight=1e300, price=Decimal("1234567890.1234"), payload=b"\xff"),
        Sample(code="bare"),
    ]
