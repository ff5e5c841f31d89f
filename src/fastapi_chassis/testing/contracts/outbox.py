"""What every outbox promises: messages in the transaction, lent by partition to one relay each, in order."""

# ruff: noqa: D102 - a test says what it checks by its name

import asyncio
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings

from fastapi_chassis.application import AbstractUnitOfWork
from fastapi_chassis.messaging import Claim, Envelope, OutboxStore, outbox_for
from fastapi_chassis.testing.contracts.envelopes import any_envelopes, envelope, numbers

LEASE = timedelta(seconds=30)
SHORT = timedelta(milliseconds=250)
SOON = timedelta(seconds=2)  # long enough for a busy machine to look before it is over
LATER = timedelta(hours=1)


class OutboxHarness(Protocol):
    """One store, empty when a test begins."""

    def unit_of_work(self) -> AbstractUnitOfWork:
        """Makes a unit of work that is not begun."""
        ...

    def outbox(self) -> OutboxStore:
        """Returns the outbox as the relay sees it: each call is its own transaction."""
        ...


async def write(store: OutboxHarness, envelopes: Sequence[Envelope]) -> None:
    """Commits messages in a transaction of their own."""
    async with store.unit_of_work() as work:
        await outbox_for(work.session).add(envelopes)
        await work.commit()


async def claimed(
    outbox: OutboxStore,
    owner: str = "a",
    *,
    limit: int = 100,
    lease: timedelta = LEASE,
    without: Collection[str] = (),
) -> Claim:
    """Claims from whatever an owner can have."""
    holding = await outbox.leases.hold(owner, lease)
    return await outbox.claim(holding.tokens, limit=limit, without=without)


def read(claim: Claim) -> list[int]:
    """Reads the numbers of a claim."""
    return numbers(entry.envelope for entry in claim.entries)


def sequences(claim: Claim) -> list[int]:
    """Reads the sequences of a claim."""
    return [entry.sequence for entry in claim.entries]


class OutboxWritingContract:
    """Messages are part of the business transaction."""

    async def test_a_commit_stores_messages_and_a_rollback_none(self, store: OutboxHarness) -> None:
        async with store.unit_of_work() as work:
            await outbox_for(work.session).add([envelope(1)])
        assert (await store.outbox().backlog()).count == 0
        assert read(await claimed(store.outbox())) == []
        async with store.unit_of_work() as work:
            await outbox_for(work.session).add([envelope(2)])
            assert (await store.outbox().backlog()).count == 0, "seen before the commit"
            await work.commit()
        assert read(await claimed(store.outbox())) == [2]

    async def test_an_exception_stores_none(self, store: OutboxHarness) -> None:
        async def fail() -> None:
            async with store.unit_of_work() as work:
                await outbox_for(work.session).add([envelope(1)])
                raise LookupError

        with pytest.raises(LookupError):
            await fail()
        assert (await store.outbox().backlog()).count == 0

    async def test_nothing_to_add_is_no_fault(self, store: OutboxHarness) -> None:
        await write(store, [])
        assert read(await claimed(store.outbox())) == []

    async def test_order_of_writing_is_kept_within_and_between_transactions(
        self, store: OutboxHarness
    ) -> None:
        await write(store, [envelope(number) for number in range(5)])
        async with store.unit_of_work() as work:
            for number in range(5, 8):
                await outbox_for(work.session).add([envelope(number)])
            await work.commit()
        claim = await claimed(store.outbox())
        assert read(claim) == list(range(8))
        assert sequences(claim) == sorted(set(sequences(claim)))
        assert {entry.attempts for entry in claim.entries} == {0}

    @given(envelopes=any_envelopes())
    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    async def test_any_envelope_comes_out_as_it_went_in(
        self, store: OutboxHarness, envelopes: list[Envelope]
    ) -> None:
        await write(store, envelopes)
        claim = await claimed(store.outbox())
        try:
            assert [entry.envelope for entry in claim.entries] == envelopes
            assert all(entry.envelope.time.utcoffset() is not None for entry in claim.entries)
        finally:
            assert not await store.outbox().settle(claim, published=sequences(claim), failed={})

    async def test_a_payload_of_a_mebibyte_comes_out_as_it_went_in(self, store: OutboxHarness) -> None:
        sent = envelope()
        large = bytes(range(256)) * 4096
        object.__setattr__(sent, "payload", large)
        await write(store, [sent])
        (entry,) = (await claimed(store.outbox())).entries
        assert entry.envelope.payload == large

    async def test_a_thousand_messages_are_written_claimed_and_settled_at_once(
        self, store: OutboxHarness
    ) -> None:
        await write(store, [envelope(number, key=str(number % 7)) for number in range(1_000)])
        claim = await claimed(store.outbox(), limit=1_000)
        assert read(claim) == list(range(1_000))
        assert not await store.outbox().settle(claim, published=sequences(claim), failed={})
        assert (await store.outbox().backlog()).count == 0

    async def test_backlog_tells_how_many_wait_and_how_long_the_oldest_has(
        self, store: OutboxHarness
    ) -> None:
        outbox = store.outbox()
        empty = await outbox.backlog()
        assert (empty.count, empty.oldest) == (0, timedelta(0))
        await write(store, [envelope(1)])
        await asyncio.sleep(0.3)
        await write(store, [envelope(2)])
        full = await outbox.backlog()
        assert full.count == 2
        assert timedelta(seconds=0.2) < full.oldest < timedelta(seconds=30)


class OutboxSettlingContract:
    """What was published is gone, and what failed comes again without harm to others."""

    async def test_published_messages_are_gone_and_the_others_stay(self, store: OutboxHarness) -> None:
        await write(store, [envelope(number) for number in range(4)])
        claim = await claimed(store.outbox())
        assert not await store.outbox().settle(claim, published=sequences(claim)[:2], failed={})
        assert (await store.outbox().backlog()).count == 2
        assert read(await claimed(store.outbox())) == [2, 3]

    async def test_to_settle_nothing_or_what_is_gone_is_no_fault(self, store: OutboxHarness) -> None:
        await write(store, [envelope(1)])
        claim = await claimed(store.outbox())
        assert not await store.outbox().settle(claim, published=[], failed={})
        assert not await store.outbox().settle(claim, published=sequences(claim), failed={})
        assert not await store.outbox().settle(claim, published=sequences(claim), failed={})

    async def test_a_failed_message_comes_again_after_its_delay(self, store: OutboxHarness) -> None:
        await write(store, [envelope(1)])
        claim = await claimed(store.outbox())
        (sequence,) = sequences(claim)
        assert not await store.outbox().settle(claim, published=[], failed={sequence: (SOON, "no route")})
        assert read(await claimed(store.outbox())) == []
        backlog = await store.outbox().backlog()
        assert (backlog.count, backlog.blocked) == (1, 1)
        await asyncio.sleep(SOON.total_seconds() + 0.3)
        (entry,) = (await claimed(store.outbox())).entries
        assert (entry.sequence, entry.attempts) == (sequence, 1)

    async def test_attempts_are_counted(self, store: OutboxHarness) -> None:
        await write(store, [envelope(1)])
        for attempts in range(3):
            claim = await claimed(store.outbox())
            (entry,) = claim.entries
            assert entry.attempts == attempts
            assert not await store.outbox().settle(
                claim, published=[], failed={entry.sequence: (timedelta(0), "x" * 10_000)}
            )

    async def test_a_waiting_message_holds_up_its_key_and_no_other(self, store: OutboxHarness) -> None:
        keys = ("poor", "rich", "poor", "rich", "poor")
        await write(store, [envelope(number, key=key) for number, key in enumerate(keys)])
        claim = await claimed(store.outbox(), limit=2)
        poor, rich = sequences(claim)
        assert not await store.outbox().settle(claim, published=[rich], failed={poor: (SOON, "away")})
        assert read(await claimed(store.outbox())) == [3]
        await write(store, [envelope(5, key="poor"), envelope(6, key="new")])
        assert read(await claimed(store.outbox())) == [3, 6]
        await asyncio.sleep(SOON.total_seconds() + 0.3)
        assert read(await claimed(store.outbox())) == [0, 2, 3, 4, 5, 6]

    async def test_many_behind_a_waiting_message_do_not_fill_the_claim(self, store: OutboxHarness) -> None:
        await write(
            store, [envelope(number, key="poor") for number in range(50)] + [envelope(50, key="rich")]
        )
        claim = await claimed(store.outbox(), limit=1)
        assert not await store.outbox().settle(
            claim, published=[], failed={sequences(claim)[0]: (LATER, "away")}
        )
        assert read(await claimed(store.outbox(), limit=10)) == [50]


class LateCommitContract:
    """For a store in which two transactions write at once; a subclass supplies `store`, an OutboxHarness."""

    async def test_a_message_that_is_committed_late_is_not_passed_over(self, store: OutboxHarness) -> None:
        async with store.unit_of_work() as slow:
            await outbox_for(slow.session).add([envelope(1, key="slow")])
            await write(store, [envelope(2, key="quick")])
            claim = await claimed(store.outbox())
            assert read(claim) == [2]
            assert not await store.outbox().settle(claim, published=sequences(claim), failed={})
            await slow.commit()
        assert read(await claimed(store.outbox())) == [1]
