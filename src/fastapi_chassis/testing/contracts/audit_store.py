"""What every audit store promises: records with the transaction, in one chain, found again as they were."""

# ruff: noqa: D102 - a test says what it checks by its name

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from fastapi_chassis.audit import (
    Anchor,
    AuditEvent,
    AuditOutcomeEnum,
    AuditQuery,
    AuditRecord,
    audit_store_for,
    verify_chain,
)
from fastapi_chassis.testing.contracts.harness import RepositoryHarness, read
from fastapi_chassis.testing.contracts.samples import Sample, SampleRepository

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
FULL = AuditEvent(
    actor="ann",
    action="item.update",
    at=NOON + timedelta(microseconds=7),
    place="shop",
    entity="item",
    entity_id="7",
    outcome=AuditOutcomeEnum.FAILED,
    reason="asked for by \N{SNOWMAN}",
    correlation_id="c-1",
    tenant="acme",
    details={"z": 1, "a": {"before": 1.0, "after": [1e300, None, True, "\N{SNOWMAN}"]}, "n": 2**60},
)


def event(action: str = "item.add", *, actor: str = "ann", at: datetime = NOON) -> AuditEvent:
    """Makes an event."""
    return AuditEvent(actor=actor, action=action, at=at)


async def append(store: RepositoryHarness, *events: AuditEvent) -> None:
    """Adds events in a transaction of their own."""
    async with store.unit_of_work() as work:
        await audit_store_for(work.session).append(events)
        await work.commit()


async def found(store: RepositoryHarness, query: AuditQuery | None = None) -> Sequence[AuditRecord]:
    """Reads records in a transaction of their own."""
    async with store.unit_of_work() as work:
        return await audit_store_for(work.session).find(query or AuditQuery())


async def actions(store: RepositoryHarness, query: AuditQuery | None = None) -> list[str]:
    """Reads the actions of records."""
    return [record.event.action for record in await found(store, query)]


class AuditStoreContract:
    """Derive, and supply the fixture `store`: a RepositoryHarness whose sessions have an audit store."""

    async def test_an_event_is_found_as_it_was(self, store: RepositoryHarness) -> None:
        await append(store, FULL)
        (record,) = await found(store)
        assert record.event == FULL
        assert (record.sequence, record.previous) == (1, "")

    async def test_changing_what_was_given_or_got_changes_nothing(self, store: RepositoryHarness) -> None:
        details: dict[str, object] = {"price": 1}
        await append(store, replace(FULL, details=details))
        details["price"] = 2
        cast("dict[str, object]", (await found(store))[0].event.details)["price"] = 3
        assert (await found(store))[0].event.details == {"price": 1}

    async def test_a_time_of_another_zone_is_the_same_time(self, store: RepositoryHarness) -> None:
        there = event(at=NOON.astimezone().replace(microsecond=1))
        await append(store, there)
        assert [record.event.at for record in await found(store)] == [there.at]

    async def test_it_is_one_commit_with_the_change(self, store: RepositoryHarness) -> None:
        async with store.unit_of_work() as work:
            await store.repository(SampleRepository, work).add(Sample(code="a"))
            await audit_store_for(work.session).append([event("sample.add")])
            await work.commit()
        async with read(store) as samples:
            assert await samples.count() == 1
        assert await actions(store) == ["sample.add"]

    async def test_without_commit_nothing_is_recorded(self, store: RepositoryHarness) -> None:
        async with store.unit_of_work() as work:
            await store.repository(SampleRepository, work).add(Sample(code="a"))
            await audit_store_for(work.session).append([event("sample.add")])
        assert await actions(store) == []
        await append(store, event("next"))
        assert [record.sequence for record in await found(store)] == [1]

    async def test_a_transaction_sees_its_own_records(self, store: RepositoryHarness) -> None:
        async with store.unit_of_work() as work:
            audit = audit_store_for(work.session)
            await audit.append([event("first")])
            await audit.append([event("second"), event("third")])
            assert [each.event.action for each in await audit.find(AuditQuery())] == [
                "first",
                "second",
                "third",
            ]

    async def test_records_form_one_chain(self, store: RepositoryHarness) -> None:
        await append(store, event("a"), FULL)
        await append(store)
        await append(store, event("c"))
        records = await found(store)
        assert [record.sequence for record in records] == [1, 2, 3]
        assert [record.previous for record in records] == ["", records[0].digest, records[1].digest]
        async with store.unit_of_work() as work:
            report = await verify_chain(audit_store_for(work.session))
        assert (report.is_intact, report.checked) == (True, 3)
        assert report.last == Anchor(3, records[2].digest)

    async def test_writers_at_once_make_no_fork(self, store: RepositoryHarness) -> None:
        async def write(number: int) -> None:
            async with store.unit_of_work() as work:
                audit = audit_store_for(work.session)
                await audit.append([event(f"{number}")])
                await asyncio.sleep(0)
                await audit.append([event(f"{number} again")])
                if number % 3:
                    await work.commit()

        await asyncio.gather(*(write(number) for number in range(9)))
        async with store.unit_of_work() as work:
            report = await verify_chain(audit_store_for(work.session))
        assert (report.is_intact, report.checked) == (True, 12)

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            (AuditQuery(), ["1", "2", "3", "4"]),
            (AuditQuery(actor="ann"), ["1", "3", "4"]),
            (AuditQuery(action="2"), ["2"]),
            (AuditQuery(entity="item"), ["3", "4"]),
            (AuditQuery(entity="item", entity_id="7"), ["4"]),
            (AuditQuery(correlation_id="c-1"), ["4"]),
            (AuditQuery(since=NOON + timedelta(seconds=1)), ["2", "3", "4"]),
            (AuditQuery(until=NOON + timedelta(seconds=1)), ["1"]),
            (AuditQuery(after=2), ["3", "4"]),
            (AuditQuery(limit=2), ["1", "2"]),
            (AuditQuery(limit=2, newest_first=True), ["4", "3"]),
            (AuditQuery(after=1, limit=2, newest_first=True), ["4", "3"]),
            (AuditQuery(actor="bob", action="1"), []),
            (AuditQuery(actor=""), []),
        ],
        ids=str,
    )
    async def test_records_are_found_by_what_they_say(
        self, store: RepositoryHarness, query: AuditQuery, expected: list[str]
    ) -> None:
        later = NOON + timedelta(seconds=1)
        await append(
            store,
            event("1"),
            event("2", actor="bob", at=later),
            replace(event("3", at=later), entity="item", entity_id="8"),
            replace(FULL, action="4", at=later),
        )
        assert await actions(store, query) == expected
