"""DeadLetters: what was given up is seen, edited, replayed and discarded, and each is told first."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fastapi_chassis.application import MemoryStore
from fastapi_chassis.domain import ConflictException, NotFoundException, ValidationException, new_id
from fastapi_chassis.messaging import (
    Consumer,
    DeadLetterQuery,
    DeadLetterRecord,
    DeadLetters,
    DeadLetterStateEnum,
    Envelope,
    InMemoryDeadLetters,
)
from fastapi_chassis.messaging.dead_letters import MOST
from tests.unit.messaging.shop import Effect, Effects, ItemCreated, Shop, created

GROUP = "shop.notifications"
pytestmark = pytest.mark.requirement("MSG-7")


async def announce(event: ItemCreated, effects: Effects) -> None:
    if event.title == "poison":
        raise ValueError("is poison still")
    await effects.add(Effect(id=new_id(), title=event.title))


class Desk:
    """The desk of a shop, and what it was told."""

    def __init__(self, *, runs_here: bool = True) -> None:
        self.shop = Shop()
        self.store = InMemoryDeadLetters(MemoryStore())
        self.notes: list[str] = []
        self.is_audit_away = False
        consumer: Consumer = self.shop.consumer(announce)
        self.desk = DeadLetters((self.store,), {GROUP: consumer} if runs_here else {}, self._note)

    async def put(self, envelope: Envelope) -> DeadLetterRecord:
        now = datetime.now(UTC)
        record = DeadLetterRecord(group=GROUP, envelope=envelope, reason="was bad", attempts=5, at=now)
        assert await self.store.add(record)
        return record

    async def _note(self, action: str, record: DeadLetterRecord) -> None:
        if self.is_audit_away:
            raise ConnectionError("the audit is away")
        self.notes.append(f"{action} {record.id}")

    async def states(self, records: Sequence[DeadLetterRecord]) -> list[str]:
        return [(await self.desk.show(record.id)).state.value for record in records]


async def test_a_replay_has_its_effect_once_and_settles_the_record() -> None:
    desk = Desk()
    record = await desk.put(created("Dune"))
    assert (await desk.desk.replay(record.id)).state is DeadLetterStateEnum.REPLAYED
    assert await desk.shop.effects() == ["Dune"]
    assert await desk.desk.page(DeadLetterQuery()) == []
    assert desk.notes == [f"replay {record.id}"]
    with pytest.raises(ConflictException, match="replayed before"):
        await desk.desk.replay(record.id)


async def test_a_replay_that_was_killed_before_it_settled_has_its_effect_once() -> None:
    desk = Desk()
    record = await desk.put(created("Dune"))
    await desk.desk.replay(record.id)
    settled = await desk.desk.show(record.id)
    assert await desk.store.change(replace(settled, state=DeadLetterStateEnum.WAITING))
    assert (await desk.desk.replay(record.id)).state is DeadLetterStateEnum.REPLAYED
    assert await desk.shop.effects() == ["Dune"]


async def test_a_replay_that_fails_keeps_the_record_with_the_new_reason() -> None:
    desk = Desk()
    record = await desk.put(created("poison"))
    after = await desk.desk.replay(record.id)
    assert (after.state, after.attempts) == (DeadLetterStateEnum.WAITING, 6)
    assert "is poison still" in after.reason
    assert await desk.desk.show(record.id) == after


async def test_an_edited_message_is_what_a_replay_hands_over() -> None:
    desk = Desk()
    good, bad = created("Dune"), created("Dune", payload=b"{")
    record = await desk.put(bad)
    edited = await desk.desk.edit(record.id, payload=good.payload)
    assert edited.envelope == replace(bad, payload=good.payload)
    assert (await desk.desk.replay(record.id)).state is DeadLetterStateEnum.REPLAYED
    assert await desk.shop.effects() == ["Dune"]
    assert desk.notes == [f"edit {record.id}", f"replay {record.id}"]


async def test_an_edit_that_nothing_could_read_is_refused() -> None:
    desk = Desk()
    record = await desk.put(created())
    with pytest.raises(ValidationException, match="no JSON"):
        await desk.desk.edit(record.id, payload=b"{")
    with pytest.raises(ValidationException, match="no JSON"):
        await desk.desk.edit(record.id, payload=b"\xff")
    assert await desk.desk.show(record.id) == record
    assert (await desk.desk.edit(record.id, headers={"a": "b"})).envelope.headers == {"a": "b"}


async def test_what_is_discarded_is_settled_without_an_effect() -> None:
    desk = Desk()
    record = await desk.put(created())
    assert (await desk.desk.discard(record.id)).state is DeadLetterStateEnum.DISCARDED
    assert await desk.shop.effects() == []
    for action in (desk.desk.replay, desk.desk.discard, desk.desk.edit):
        with pytest.raises(ConflictException, match="discarded before"):
            await action(record.id)


async def test_nothing_is_done_that_could_not_be_told() -> None:
    desk = Desk()
    record = await desk.put(created())
    desk.is_audit_away = True
    for action in (desk.desk.replay, desk.desk.discard, desk.desk.edit):
        with pytest.raises(ConnectionError):
            await action(record.id)
    assert await desk.desk.show(record.id) == record
    assert await desk.shop.effects() == []


async def test_a_group_of_another_process_is_not_replayed_here() -> None:
    desk = Desk(runs_here=False)
    record = await desk.put(created())
    with pytest.raises(ConflictException, match="does not run in this process"):
        await desk.desk.replay(record.id)


async def test_what_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFoundException):
        await Desk().desk.show(new_id())


async def test_a_bulk_replay_goes_in_order_and_stops_a_key_that_fails() -> None:
    desk = Desk()
    titles = (("one", "a"), ("poison", "b"), ("two", "a"), ("three", "b"))
    records = [await desk.put(created(title, key=key)) for title, key in titles]
    handled = await desk.desk.replay_all(DeadLetterQuery(group=GROUP))
    assert handled.done == (records[0].id, records[2].id)
    assert set(handled.failed) == {records[1].id, records[3].id}
    assert "earlier message of its key" in handled.failed[records[3].id]
    assert await desk.shop.effects() == ["one", "two"]
    assert await desk.states(records) == ["replayed", "waiting", "replayed", "waiting"]


async def test_a_bulk_takes_the_earliest_within_its_bound_page_by_page() -> None:
    desk = Desk()
    records = [await desk.put(created(f"{number}")) for number in range(3)]
    handled = await desk.desk.discard_all(DeadLetterQuery(), most=2)
    assert handled.done == (records[0].id, records[1].id)
    assert await desk.states(records) == ["discarded", "discarded", "waiting"]
    await asyncio.gather(*(desk.put(created(f"{number}")) for number in range(MOST)))
    assert len((await desk.desk.discard_all(DeadLetterQuery(), most=1_000)).done) == MOST + 1
