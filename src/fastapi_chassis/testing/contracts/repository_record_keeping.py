"""What every repository does with entities that are audited or soft-deletable."""

# ruff: noqa: D102 - a test says what it checks by its name

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest

from fastapi_chassis.application import (
    MessageContext,
    Principal,
    TransactionRequiredError,
    use_context,
)
from fastapi_chassis.domain import (
    AlreadyExistsException,
    ConflictException,
    FrozenClock,
    NotFoundException,
    ValidationException,
    new_id,
)
from fastapi_chassis.testing.contracts.harness import (
    RepositoryHarness,
    several_at_once,
    store_all,
    written,
    written_to,
)
from fastapi_chassis.testing.contracts.samples import Card, CardRepository, Sample

START = datetime(2024, 5, 1, 12, 0, 0, 1, tzinfo=UTC)
LATER = START + timedelta(hours=1)
NEVER = datetime(1999, 1, 1, tzinfo=UTC)


@asynccontextmanager
async def cards_at(
    store: RepositoryHarness, at: datetime = START, by: str | None = None
) -> AsyncIterator[CardRepository]:
    """Opens a transaction on cards at a time and in somebody's name, and commits it."""
    principal = None if by is None else Principal(by)
    with use_context(MessageContext(principal=principal)):
        async with written_to(store, CardRepository) as cards:
            cards.clock = FrozenClock(at)
            yield cards


async def codes(store: RepositoryHarness, **filters: object) -> str:
    """Returns the codes of the matches."""
    async with store.unit_of_work() as work:
        cards = store.repository(CardRepository, work)
        found = await cards.find(order=("code",), limit=None, offset=0, **filters)
        assert await cards.count(**filters) == len(found)
        assert await cards.exists(**filters) == bool(found)
        streamed = [one.code async for one in cards.stream(order=("code",), **filters)]
        assert streamed == [one.code for one in found]
    return " ".join(streamed)


class RepositoryAuditColumnsContract:
    """When and by whom an entity was stored."""

    async def test_what_is_added_says_when_and_by_whom(self, store: RepositoryHarness) -> None:
        card = Card(code="a", created_at=NEVER, updated_at=NEVER, updated_by="somebody else")
        async with cards_at(store, START, "ann") as cards:
            assert await cards.add(card) is card
        assert (card.created_at, card.updated_at) == (START, START)
        async with cards_at(store) as cards:
            found = await cards.get(card.id)
            assert asdict(found) == asdict(card)
            assert found.created_at.utcoffset() == timedelta(0)
            assert (found.created_by, found.updated_by) == ("ann", "ann")

    async def test_what_is_changed_keeps_who_added_it(self, store: RepositoryHarness) -> None:
        card = Card(code="a")
        async with cards_at(store, START, "ann") as cards:
            await cards.add(card)
        async with cards_at(store, LATER, "bob") as cards:
            await cards.update(card)
        async with cards_at(store) as cards:
            found = await cards.get(card.id)
        assert (found.created_at, found.created_by) == (START, "ann")
        assert (found.updated_at, found.updated_by) == (LATER, "bob")
        assert found.version == 2

    async def test_nobody_known_is_nobody_named(self, store: RepositoryHarness) -> None:
        card = Card(code="a")
        async with cards_at(store, START, "ann") as cards:
            await cards.add(card)
        async with cards_at(store, LATER) as cards:
            await cards.update(card)
            found = await cards.get(card.id)
        assert (found.created_by, found.updated_by, found.updated_at) == ("ann", None, LATER)

    async def test_upsert_keeps_who_added_it(self, store: RepositoryHarness) -> None:
        card = Card(code="a")
        async with cards_at(store, START, "ann") as cards:
            await cards.upsert(card)
            assert (card.created_at, card.created_by, card.updated_by) == (START, "ann", "ann")
        again = Card(id=card.id, code="b", created_at=NEVER)
        async with cards_at(store, LATER, "bob") as cards:
            await cards.upsert(again)
        async with cards_at(store) as cards:
            found = await cards.get(card.id)
        assert asdict(found) == asdict(again)
        assert (found.created_at, found.created_by) == (START, "ann")
        assert (found.updated_at, found.updated_by) == (LATER, "bob")

    @several_at_once
    async def test_batches_are_stamped_too(self, store: RepositoryHarness) -> None:
        batch = [Card(code="a"), Card(code="b")]
        async with cards_at(store, START, "ann") as cards:
            await cards.add_many(batch, is_return_require=False)
        async with cards_at(store, LATER, "bob") as cards:
            await cards.update_many(batch, is_return_require=False)
        assert await codes(store, created_at=START, created_by="ann", updated_at=LATER, updated_by="bob") == (
            "a b"
        )

    async def test_a_failed_write_leaves_the_stamps_as_they_were(self, store: RepositoryHarness) -> None:
        card = Card(code="a")
        async with cards_at(store, START, "ann") as cards:
            await cards.add(card)
        stale = deepcopy(card)
        async with cards_at(store, LATER, "bob") as cards:
            await cards.update(card)
        before = asdict(stale)
        async with cards_at(store, LATER, "eve") as cards:
            for write in (cards.update, cards.remove, cards.restore):
                with pytest.raises(ConflictException):
                    await write(stale)
            with pytest.raises(AlreadyExistsException):
                await cards.add(stale)
        assert asdict(stale) == before

    async def test_a_name_that_no_store_can_hold_is_refused(self, store: RepositoryHarness) -> None:
        for name in ("nul\x00", "surrogate\ud800"):
            async with cards_at(store, START, name) as cards:
                for write in (cards.add, cards.upsert, cards.update):
                    with pytest.raises(ValidationException):
                        await write(Card(code="a"))
        assert await codes(store) == ""


class RepositorySoftDeleteContract:
    """What is removed is marked, and found by those alone who ask for it."""

    async def test_what_is_removed_is_found_by_no_read(self, store: RepositoryHarness) -> None:
        gone = await self.removed(store, "gone")
        await store_all(store, CardRepository, [Card(code="there")])
        async with cards_at(store) as cards:
            assert await cards.get_or_none(gone.id) is None
            with pytest.raises(NotFoundException):
                await cards.get(gone.id)
            assert await cards.first(code="gone") is None
            assert (await cards.page(count=True)).total == 1
            assert await cards.first(id=gone.id) is None
        assert await codes(store) == "there"
        assert await codes(store, code__in=("gone", "there")) == "there"

    async def test_who_asks_for_it_finds_it(self, store: RepositoryHarness) -> None:
        gone = await self.removed(store, "gone", at=LATER)
        await store_all(store, CardRepository, [Card(code="there")])
        assert gone.is_removed
        assert gone.removed_at == LATER
        assert await codes(store, removed_at__is_null=False) == "gone"
        assert await codes(store, removed_at__is_null=True) == "there"
        assert await codes(store, removed_at=LATER) == "gone"
        assert await codes(store, removed_at__lt=LATER) == ""
        assert await codes(store, removed_at__not_in=()) == "gone there"
        async with cards_at(store) as cards:
            found = await cards.first(id=gone.id, removed_at__is_null=False)
        assert found is not None
        assert asdict(found) == asdict(gone)

    async def test_a_removal_counts_the_version_and_says_by_whom(self, store: RepositoryHarness) -> None:
        gone = await self.removed(store, "gone", at=LATER, by="bob")
        assert (gone.version, gone.updated_at, gone.updated_by) == (2, LATER, "bob")
        assert gone.created_by is None

    async def test_it_is_removed_once(self, store: RepositoryHarness) -> None:
        gone = await self.removed(store, "gone")
        async with cards_at(store) as cards:
            with pytest.raises(NotFoundException):
                await cards.remove(gone)
            with pytest.raises(NotFoundException):
                await cards.remove(Card(code="never", version=1))

    async def test_a_stale_removal_conflicts(self, store: RepositoryHarness) -> None:
        card = Card(code="a")
        await store_all(store, CardRepository, [card])
        stale = deepcopy(card)
        async with cards_at(store) as cards:
            await cards.update(card)
        async with cards_at(store) as cards:
            with pytest.raises(ConflictException) as told:
                await cards.remove(stale)
        assert told.value.details["current_version"] == 2
        assert not stale.is_removed
        assert await codes(store) == "a"

    async def test_a_change_does_not_undo_a_removal_that_it_has_not_seen(
        self, store: RepositoryHarness
    ) -> None:
        card = Card(code="a")
        await store_all(store, CardRepository, [card])
        stale = deepcopy(card)
        async with cards_at(store) as cards:
            await cards.remove(card)
        async with cards_at(store) as cards:
            with pytest.raises(ConflictException):
                await cards.update(stale)
        assert await codes(store) == ""

    async def test_its_identity_and_unique_values_stay_taken(self, store: RepositoryHarness) -> None:
        gone = await self.removed(store, "gone")
        async with cards_at(store) as cards:
            with pytest.raises(AlreadyExistsException):
                await cards.add(Card(code="gone"))
            with pytest.raises(AlreadyExistsException):
                await cards.add(Card(id=gone.id, code="other"))
        assert await codes(store, removed_at__not_in=()) == "gone"

    async def test_it_is_restored(self, store: RepositoryHarness) -> None:
        gone = await self.removed(store, "gone")
        async with cards_at(store, LATER, "ann") as cards:
            assert await cards.restore(gone) is gone
        async with cards_at(store) as cards:
            found = await cards.get(gone.id)
        assert (found.is_removed, found.version, found.updated_by) == (False, 3, "ann")

    async def test_a_stale_restoration_conflicts(self, store: RepositoryHarness) -> None:
        gone = await self.removed(store, "gone")
        stale = deepcopy(gone)
        async with cards_at(store) as cards:
            await cards.restore(gone)
            await cards.remove(gone)
        async with cards_at(store) as cards:
            with pytest.raises(ConflictException):
                await cards.restore(stale)
            with pytest.raises(NotFoundException):
                await cards.restore(Card(code="never", version=1, removed_at=START))
        assert stale.is_removed
        assert await codes(store) == ""

    async def test_remove_where_marks_the_one_match(self, store: RepositoryHarness) -> None:
        gone = await self.removed(store, "gone")
        await store_all(store, CardRepository, [Card(code="a"), Card(code="b")])
        async with cards_at(store, LATER, "bob") as cards:
            assert await cards.remove_where(code__in=("a", "gone")) == 1
        async with cards_at(store) as cards:
            assert await cards.remove_where(code__in=("a", "gone")) == 0
        assert await codes(store) == "b"
        assert await codes(store, removed_at=LATER, updated_by="bob", version=2) == "a"
        assert await codes(store, removed_at=gone.removed_at) == "gone"

    @several_at_once
    async def test_remove_where_marks_every_match(self, store: RepositoryHarness) -> None:
        await store_all(store, CardRepository, [Card(code=f"{number:04}") for number in range(1_201)])
        async with cards_at(store) as cards:
            assert await cards.remove_where(code__gt="0000") == 1_200
            assert await cards.count() == 1
            assert await cards.remove_where(removed_at__is_null=False) == 0
        assert await codes(store) == "0000"

    async def test_purge_removes_for_good_what_was_removed(self, store: RepositoryHarness) -> None:
        await self.removed(store, "old", at=START)
        await self.removed(store, "young", at=LATER)
        await store_all(store, CardRepository, [Card(code="there")])
        async with cards_at(store) as cards:
            assert await cards.purge(removed_at__lt=LATER) == 1
        async with cards_at(store) as cards:
            assert await cards.purge(code="there") == 0
        assert await codes(store, removed_at__not_in=()) == "there young"
        await store_all(store, CardRepository, [Card(code="old")])
        assert await codes(store) == "old there"

    async def test_purge_of_everything_is_refused(self, store: RepositoryHarness) -> None:
        await self.removed(store, "gone")
        async with cards_at(store) as cards:
            with pytest.raises(ValidationException):
                await cards.purge()
            with pytest.raises(ValidationException):
                await cards.purge(unknown=1)
            with pytest.raises(ValidationException):
                await cards.remove_where()
        assert await codes(store, removed_at__is_null=False) == "gone"

    async def test_cursors_lead_over_what_is_there_alone(self, store: RepositoryHarness) -> None:
        await self.removed(store, "b")
        await store_all(store, CardRepository, [Card(code=code) for code in "acd"])
        async with cards_at(store) as cards:
            first = await cards.page(order=("code",), limit=1)
            rest = await cards.page(order=("code",), after=first.next)
            assert [one.code for one in (*first.items, *rest.items)] == ["a", "c", "d"]
            with pytest.raises(ValidationException):
                await cards.page(order=("code",), after=first.next, removed_at__not_in=())

    async def test_it_needs_a_transaction(self, store: RepositoryHarness) -> None:
        gone = await self.removed(store, "gone")
        cards = store.repository(CardRepository, store.unit_of_work())
        with pytest.raises(TransactionRequiredError):
            await cards.restore(gone)
        with pytest.raises(TransactionRequiredError):
            await cards.purge(code="gone")
        assert gone.is_removed

    async def test_what_goes_for_good_is_neither_restored_nor_purged(self, store: RepositoryHarness) -> None:
        async with written(store) as samples:
            with pytest.raises(TypeError):
                await samples.restore(Sample(code="a"))
            with pytest.raises(TypeError):
                await samples.purge(id=new_id())

    async def removed(
        self, store: RepositoryHarness, code: str, at: datetime = START, by: str | None = None
    ) -> Card:
        """Stores a card and removes it."""
        card = Card(code=code)
        await store_all(store, CardRepository, [card])
        async with cards_at(store, at, by) as cards:
            await cards.remove(card)
        return card
