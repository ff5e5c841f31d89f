"""Whatever is done to the records behind the store's back shows."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from fastapi_chassis.audit import (
    Anchor,
    AuditEvent,
    AuditQuery,
    AuditRecord,
    canonical_details,
    chained,
    digest_of,
    verify_chain,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Stored:
    """Records as somebody left them."""

    def __init__(self, records: list[AuditRecord]) -> None:
        self.records = records

    async def append(self, events: Sequence[AuditEvent]) -> None:
        raise NotImplementedError

    async def find(self, query: AuditQuery) -> Sequence[AuditRecord]:
        return [record for record in self.records if query.matches(record)][: query.limit]


def records(count: int = 5) -> list[AuditRecord]:
    return chained([AuditEvent(actor="ann", action=str(n), at=NOON) for n in range(count)], Anchor())


def changed(all_: list[AuditRecord]) -> list[AuditRecord]:
    all_[2] = replace(all_[2], event=replace(all_[2].event, actor="bob"))
    return all_


def changed_with_its_digest(all_: list[AuditRecord]) -> list[AuditRecord]:
    event = replace(all_[2].event, actor="bob")
    all_[2] = replace(all_[2], event=event, digest=digest_of(event, 3, all_[2].previous))
    return all_


def removed(all_: list[AuditRecord]) -> list[AuditRecord]:
    return [*all_[:2], *all_[3:]]


def removed_and_numbered_anew(all_: list[AuditRecord]) -> list[AuditRecord]:
    return [*all_[:2], *(replace(record, sequence=record.sequence - 1) for record in all_[3:])]


def exchanged(all_: list[AuditRecord]) -> list[AuditRecord]:
    all_[2], all_[3] = replace(all_[3], sequence=3), replace(all_[2], sequence=4)
    return all_


@pytest.mark.parametrize(
    ("tamper", "checked", "fault"),
    [
        (changed, 2, "record 3 was changed"),
        (changed_with_its_digest, 3, "record 4 doesn't follow"),
        (removed, 2, "record 3 is missing"),
        (removed_and_numbered_anew, 2, "record 3 doesn't follow"),
        (exchanged, 2, "record 3 doesn't follow"),
    ],
)
async def test_tampering_shows(
    tamper: Callable[[list[AuditRecord]], list[AuditRecord]], checked: int, fault: str
) -> None:
    report = await verify_chain(Stored(tamper(records())))
    assert not report.is_intact
    assert report.checked == checked
    assert report.fault.startswith(fault)


async def test_a_chain_in_order_is_intact_however_long() -> None:
    all_ = records(1_201)
    report = await verify_chain(Stored(all_))
    assert (report.is_intact, report.checked) == (True, 1_201)
    assert report.last == Anchor(1_201, all_[-1].digest)
    assert (await verify_chain(Stored([]))).last == Anchor()


async def test_a_chain_cut_at_its_end_shows_by_an_anchor() -> None:
    all_ = records()
    anchor = (await verify_chain(Stored(all_))).last
    assert (await verify_chain(Stored(all_[:3]))).is_intact
    assert (await verify_chain(Stored(all_[:3]), since=anchor)).fault == "record 5 is gone or another one"


async def test_a_chain_written_anew_shows_by_an_anchor() -> None:
    anchor = (await verify_chain(Stored(records()))).last
    forged = chained([AuditEvent(actor="bob", action=str(n), at=NOON) for n in range(5)], Anchor())
    assert (await verify_chain(Stored(forged))).is_intact
    assert not (await verify_chain(Stored(forged), since=anchor)).is_intact


async def test_a_look_can_go_on_where_the_last_one_ended() -> None:
    all_ = records()
    report = await verify_chain(Stored(all_), since=Anchor(3, all_[2].digest))
    assert (report.is_intact, report.checked) == (True, 2)


def test_a_digest_depends_on_values_only() -> None:
    event = AuditEvent(actor="a", action="b", at=NOON, details={"x": 1, "y": 2})
    same = replace(event, at=NOON.astimezone(timezone(timedelta(hours=5))), details={"y": 2, "x": 1})
    assert digest_of(event, 1, "") == digest_of(same, 1, "")
    assert canonical_details(event) == '{"x":1,"y":2}'
    assert len({digest_of(event, 1, ""), digest_of(event, 2, ""), digest_of(event, 1, "x")}) == 3
