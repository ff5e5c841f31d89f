"""What every store of dead letters promises: kept once, found again, changed by one at a time."""

# ruff: noqa: D102 - a test says what it checks by its name

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings

from fastapi_chassis.domain import new_id
from fastapi_chassis.messaging import (
    DeadLetterQuery,
    DeadLetterRecord,
    DeadLetterStateEnum,
    DeadLetterStore,
    Envelope,
)
from fastapi_chassis.testing.contracts.envelopes import any_envelopes, envelope, numbers

DAY = timedelta(days=1)
GROUP = "shop.notifications"


def dead(
    number: int = 0, *, group: str = GROUP, reason: str = "is poison", age: timedelta = timedelta()
) -> DeadLetterRecord:
    """Makes a record whose payload is a number."""
    at = datetime.now(UTC) - age
    return DeadLetterRecord(group=group, envelope=envelope(number), reason=reason, attempts=5, at=at)


async def found(dead_letters: DeadLetterStore, query: DeadLetterQuery | None = None) -> list[int]:
    """Reads the numbers of a page."""
    page = await dead_letters.page(query or DeadLetterQuery())
    return numbers(record.envelope for record in page)


async def kept(dead_letters: DeadLetterStore, *records: DeadLetterRecord) -> None:
    """Adds records that are not there."""
    for record in records:
        assert await dead_letters.add(record)


class DeadLettersContract:
    """Derive from it and supply the fixture `dead_letters`."""

    async def test_a_record_comes_back_as_it_was(self, dead_letters: DeadLetterStore) -> None:
        record = dead()
        await kept(dead_letters, record)
        assert await dead_letters.get(record.id) == record
        assert await dead_letters.get(new_id()) is None

    async def test_any_message_comes_back_as_it_was(self, dead_letters: DeadLetterStore) -> None:
        @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(any_envelopes())
        def check(envelopes: Sequence[Envelope]) -> None:
            thought_of.extend(envelopes)

        thought_of: list[Envelope] = []
        check()
        for number, one in enumerate(thought_of):
            record = replace(dead(group=f"group {number}"), envelope=one)
            await kept(dead_letters, record)
            assert await dead_letters.get(record.id) == record

    async def test_what_no_text_of_a_database_holds_comes_back_too(
        self, dead_letters: DeadLetterStore
    ) -> None:
        odd = "a\x00b\x1b0c\x1b[d\x1b\x00"
        texts = dict.fromkeys(("type", "source", "destination", "key", "aggregate_type", "content_type"), odd)
        message = replace(envelope(1), headers={odd: odd}, **texts)  # type: ignore[arg-type]  # each is text
        record = replace(dead(group=odd), envelope=message)
        await kept(dead_letters, record)
        assert await dead_letters.get(record.id) == record
        assert await found(dead_letters, DeadLetterQuery(type=odd, group=odd)) == [1]

    async def test_a_message_is_kept_once_for_each_group(self, dead_letters: DeadLetterStore) -> None:
        first = dead(1)
        await kept(dead_letters, first)
        again = replace(first, id=new_id(), reason="another")
        assert not await dead_letters.add(again)
        assert await dead_letters.get(first.id) == first
        await kept(dead_letters, replace(again, group="shop.search"))
        assert await found(dead_letters) == [1, 1]

    async def test_of_many_that_keep_the_same_at_once_one_does(self, dead_letters: DeadLetterStore) -> None:
        one = dead(1)
        same = [replace(one, id=new_id()) for _ in range(5)]
        added = await asyncio.gather(*(dead_letters.add(each) for each in same))
        assert sum(each is not None for each in added) == 1
        assert await found(dead_letters) == [1]

    async def test_pages_follow_each_other_the_latest_first(self, dead_letters: DeadLetterStore) -> None:
        records = [dead(number) for number in range(5)]
        await kept(dead_letters, *records)
        assert await found(dead_letters, DeadLetterQuery(limit=2)) == [4, 3]
        assert await found(dead_letters, DeadLetterQuery(limit=2, before=records[3].id)) == [2, 1]
        assert await found(dead_letters, DeadLetterQuery(limit=2, before=records[1].id)) == [0]

    async def test_what_is_kept_later_comes_later_whatever_the_clocks_say(
        self, dead_letters: DeadLetterStore
    ) -> None:
        ahead = UUID(int=new_id().int + (3_600_000 << 80))  # made by a consumer whose clock is an hour ahead
        assert await dead_letters.add(replace(dead(1), id=ahead))
        second, third = await dead_letters.add(dead(2)), await dead_letters.add(dead(3))
        assert second is not None
        assert third is not None
        assert await dead_letters.get(second.id) == second
        assert await found(dead_letters, DeadLetterQuery(is_earliest_first=True)) == [1, 2, 3]
        assert await found(dead_letters, DeadLetterQuery(before=third.id)) == [2, 1]

    async def test_pages_may_begin_with_the_earliest(self, dead_letters: DeadLetterStore) -> None:
        records = [dead(number) for number in range(5)]
        await kept(dead_letters, *records)
        first = DeadLetterQuery(limit=3, is_earliest_first=True)
        assert await found(dead_letters, first) == [0, 1, 2]
        assert await found(dead_letters, replace(first, after=records[2].id)) == [3, 4]

    async def test_each_filter_leaves_what_is_asked_for(self, dead_letters: DeadLetterStore) -> None:
        records = [dead(1, group="shop.search"), dead(2), dead(3, reason="100%_Sure: NO"), dead(4, age=DAY)]
        records[1] = replace(records[1], envelope=replace(records[1].envelope, type="sample_moved"))
        await kept(dead_letters, *records)
        now = datetime.now(UTC)
        wanted = {
            DeadLetterQuery(group="shop.search"): [1],
            DeadLetterQuery(type="sample_moved"): [2],
            DeadLetterQuery(text="0%_sure"): [3],
            DeadLetterQuery(text="%"): [3],
            DeadLetterQuery(until=now - DAY / 2): [4],
            DeadLetterQuery(since=now - DAY / 2, text="POISON"): [2, 1],
            DeadLetterQuery(group="shop.search", type="sample_moved"): [],
        }
        assert [await found(dead_letters, query) for query in wanted] == list(wanted.values())

    async def test_only_what_waits_is_found_unless_asked(self, dead_letters: DeadLetterStore) -> None:
        records = [dead(number) for number in range(3)]
        await kept(dead_letters, *records)
        for record, state in zip(records, DeadLetterStateEnum, strict=True):
            assert await dead_letters.change(replace(record, state=state))
        assert await found(dead_letters) == [0]
        assert await found(dead_letters, DeadLetterQuery(state=DeadLetterStateEnum.DISCARDED)) == [2]
        assert await found(dead_letters, DeadLetterQuery(state=None)) == [2, 1, 0]

    async def test_a_change_is_kept_as_the_next_version(self, dead_letters: DeadLetterStore) -> None:
        record = dead()
        await kept(dead_letters, record)
        edited = replace(record.envelope, payload=b"\xff\x00", headers={"a": "b"})
        changed = replace(record, envelope=edited, reason="new", attempts=6)
        assert await dead_letters.change(changed)
        assert await dead_letters.get(record.id) == replace(changed, version=2)

    async def test_of_two_changes_of_one_version_the_second_is_refused(
        self, dead_letters: DeadLetterStore
    ) -> None:
        record = dead()
        await kept(dead_letters, record)
        assert await dead_letters.change(replace(record, reason="first"))
        assert not await dead_letters.change(replace(record, reason="second"))
        assert not await dead_letters.change(dead())
        now = await dead_letters.get(record.id)
        assert now is not None
        assert now.reason == "first"

    async def test_a_purge_removes_the_oldest_within_its_bound(self, dead_letters: DeadLetterStore) -> None:
        await kept(dead_letters, *(dead(number, age=number * DAY) for number in range(5)))
        assert await dead_letters.purge(DAY / 2, limit=3) == 3
        assert await found(dead_letters) == [1, 0]
        assert await dead_letters.purge(DAY / 2, limit=3) == 1
        assert await found(dead_letters) == [0]
