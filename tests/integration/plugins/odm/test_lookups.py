"""Many questions, put together at random: the server answers each as plain Python does."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from enum import IntEnum
from uuid import UUID

import pytest

from fastapi_chassis.application import AbstractRepository, arranged, matches
from fastapi_chassis.domain import BaseAggregate, criteria_for, order_for
from fastapi_chassis.plugins.odm import ODMConfig
from fastapi_chassis.plugins.odm.codec import fields_of
from fastapi_chassis.plugins.odm.testing import open_store

pytestmark = [pytest.mark.backends("ferretdb"), pytest.mark.requirement("REP-2", "REP-7")]

START = datetime(2024, 5, 1, tzinfo=UTC)


class Size(IntEnum):
    SMALL = 1
    LARGE = 10


class Probe(BaseAggregate):
    text: str
    note: str | None = None
    exact: Decimal = Decimal(0)
    share: Decimal | None = None
    at: datetime | None = None
    span: timedelta | None = None
    clock: time | None = None
    raw: bytes | None = None
    size: Size | None = None
    score: float = 0.0
    meta: dict[str, object] | None = None


class ProbeRepository(AbstractRepository[Probe, UUID]):
    pass


TEXTS = [
    "",
    "a",
    "A",
    "ab",
    "a%b",
    "i\u0307x",
    "\u0130x",
    "\u0131",
    "\u00c9t\u00e9",
    "\u03a3",
    "\u03c2\u03c3",
    "k",
    "\u212a",
    "a\nb",
    "a_b\\",
    "\U0001f600",
]
EXACT = [
    Decimal(text)
    for text in (
        "0",
        "-1.5",
        "1.50",
        "9.99",
        "1" + "0" * 40,
        "1" + "0" * 40 + ".5",
        "9" * 34 + ".1",
        "-1E-900",
    )
]
EXACT += [Decimal("1" + "0" * 40 + ".25")]
MOMENTS = [START + timedelta(microseconds=step) for step in (0, 1, 999, 1_000, 1_001, 2_000)]
SPANS = [timedelta(microseconds=step) for step in (-1_001, -1, 0, 1, 1_000, 1_001)]
RAW = [b"", b"\x00", b"\x00\x00", b"\x01", b"\xff"]
HELD: list[object] = [
    None, True, False, 0, 1, 1.0, 1.5, "1", "true", "Dark", "\u0130", [1], {"k": 1}, -0.0, 1e300, "", "e",
]  # fmt: skip
CHOICES: dict[str, list[object]] = {
    "text": [*TEXTS],
    "note": [*TEXTS, None, None],
    "exact": [*EXACT],
    "share": [*EXACT, None],
    "at": [*MOMENTS, None],
    "span": [*SPANS, None],
    "clock": [time(1), time(1, 0, 0, 1), time(23, 59), None],
    "raw": [*RAW, None],
    "size": [*Size, None],
    "score": [0.0, -0.0, 1.0, 1.5, -1e300, 5e-324],
}
PATTERNS = [
    "%",
    "_",
    "__",
    "a%",
    "%b",
    "A_",
    "%i%",
    "i\u0307%",
    "\u0130%",
    "%\u03c3",
    "k",
    "a\\%b",
    "%\\\\",
    "_%_",
]


def probes(dice: random.Random) -> list[Probe]:
    made = []
    for number in range(60):
        probe = Probe(id=UUID(int=number + 1), text="")
        for name, choices in CHOICES.items():
            setattr(probe, name, dice.choice(choices))
        probe.meta = dice.choice([None, {}, {"v": dice.choice(HELD), "a.b": {"$c": dice.choice(HELD)}}])
        made.append(probe)
    return made


def filters(dice: random.Random) -> Iterator[tuple[str, object]]:
    for _ in range(dice.choice([1, 1, 2])):
        name = dice.choice([*CHOICES, "meta", "meta"])
        if name == "meta":
            yield in_document(dice)
            continue
        given = [value for value in CHOICES[name] if value is not None]
        lookup = dice.choice(
            ["ne", "gt", "gte", "lt", "lte", "e", "in", "not_in", "between", "is_null", "like"]
        )
        if lookup == "like":
            if name in {"text", "note"}:
                kind = dice.choice(["like", "ilike"])
                yield f"{name}__{kind}", dice.choice(PATTERNS)
            else:
                yield "note__not_like_all", dice.sample(PATTERNS, 2)
        elif lookup == "is_null":
            yield f"{name}__is_null", dice.random() < 0.5
        else:
            count = {"in": 3, "not_in": 2, "between": 2}.get(lookup)
            yield f"{name}__{lookup}", dice.choices(given, k=count) if count else dice.choice(given)


def in_document(dice: random.Random) -> tuple[str, object]:
    path = dice.choice(["v", "v__k", "a.b__$c", "missing"])
    lookup = dice.choice(["e", "ne", "is_null", "jsonb_like", "jsonb_not_like"])
    if lookup.startswith("jsonb"):
        return f"meta__{path}__{lookup}", dice.choice(
            ["", "1", "TRUE", "ar", "i", "\u0130", "e", ".5", "e+3", "-"]
        )
    if lookup == "is_null":
        return f"meta__{path}__is_null", dice.random() < 0.5
    return f"meta__{path}__{lookup}", dice.choice(
        [held for held in HELD if not isinstance(held, list | dict)]
    )


def order(dice: random.Random) -> tuple[str, ...]:
    names = dice.sample([*CHOICES, "id"], dice.choice([0, 1, 2]))
    return tuple(f"{dice.choice(['', '-'])}{name}" for name in names)


async def test_every_answer_is_that_of_plain_python(config: ODMConfig) -> None:
    dice = random.Random(7)
    rows = probes(dice)
    async with open_store(config, ProbeRepository) as store:
        collection = store.documents.mongo["probe"]
        codec = store.documents.layout.entities[0].codec
        await collection.insert_many([fields_of(codec.encode(row)) for row in rows])
        repository = store.repository(ProbeRepository)(store.unit_of_work())
        for number in range(300):
            asked, terms = dict(filters(dice)), order(dice)
            criteria = criteria_for(Probe, asked)
            wanted = arranged(
                [row for row in rows if matches(row, criteria)], order_for(Probe, terms, tie_break="id")
            )
            found = await repository.find(order=terms, **asked)  # type: ignore[arg-type]  # lookups
            assert [one.id.int for one in found] == [one.id.int for one in wanted], (number, asked, terms)
            assert await repository.count(**asked) == len(wanted), (number, asked)
            assert await repository.exists(**asked) == bool(wanted), (number, asked)
            page = await repository.page(order=terms, limit=4, after=None, **asked)  # type: ignore[arg-type]  # lookups
            if page.next:
                page = await repository.page(order=terms, limit=4, after=page.next, **asked)  # type: ignore[arg-type]  # lookups
                assert [one.id.int for one in page.items] == [one.id.int for one in wanted[4:8]], (
                    asked,
                    terms,
                )
