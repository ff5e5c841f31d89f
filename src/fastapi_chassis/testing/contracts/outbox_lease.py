"""What every outbox promises its relays: each partition has one owner, and never a late one."""

# ruff: noqa: D102 - a test says what it checks by its name

import asyncio
from datetime import timedelta

from fastapi_chassis.messaging import PARTITIONS, OutboxStore, partition_of
from fastapi_chassis.testing.contracts.envelopes import envelope
from fastapi_chassis.testing.contracts.outbox import (
    LATER,
    LEASE,
    SHORT,
    OutboxHarness,
    claimed,
    read,
    sequences,
    write,
)


async def held(outbox: OutboxStore, owner: str, *, lease: timedelta = LEASE) -> set[int]:
    """Holds what an owner can have."""
    return set((await outbox.leases.hold(owner, lease)).tokens)


class OutboxLeaseContract:
    """One relay for each partition, and never a late one."""

    async def test_a_claim_reads_the_oldest_up_to_a_limit(self, store: OutboxHarness) -> None:
        await write(store, [envelope(number) for number in range(5)])
        assert read(await claimed(store.outbox(), limit=2)) == [0, 1]
        assert read(await claimed(store.outbox(), limit=100)) == [0, 1, 2, 3, 4], "not settled, so read again"

    async def test_a_claim_reads_its_partitions_and_no_others(self, store: OutboxHarness) -> None:
        keys = ["a", "b", "c", "d"]
        await write(store, [envelope(number, key=key) for number, key in enumerate(keys)])
        tokens = (await store.outbox().leases.hold("a", LEASE)).tokens
        for number, key in enumerate(keys):
            own = {partition_of(key): tokens[partition_of(key)]}
            assert read(await store.outbox().claim(own, limit=10)) == [number]
            others = {one: token for one, token in tokens.items() if one not in own}
            assert number not in read(await store.outbox().claim(others, limit=10))

    async def test_a_claim_may_begin_after_a_sequence(self, store: OutboxHarness) -> None:
        await write(store, [envelope(number) for number in range(5)])
        first = await claimed(store.outbox(), limit=2)
        following = await store.outbox().claim(first.tokens, limit=10, after=sequences(first)[-1])
        assert read(following) in ([2, 3, 4], []), "a store may leave it to a claim from the beginning"
        assert read(await store.outbox().claim(first.tokens, limit=10)) == [0, 1, 2, 3, 4]

    async def test_what_was_refused_before_that_sequence_is_not_overtaken(self, store: OutboxHarness) -> None:
        keys = ("poor", "rich", "poor", "rich")
        await write(store, [envelope(number, key=key) for number, key in enumerate(keys)])
        claim = await claimed(store.outbox(), limit=1)
        (poor,) = sequences(claim)
        at_once = timedelta(0)
        assert not await store.outbox().settle(claim, published=[], failed={poor: (at_once, "no route")})
        following = await store.outbox().claim(claim.tokens, limit=10, after=poor)
        assert read(following) in ([1, 3], []), "its wait is over, and it has not left yet"
        assert read(await store.outbox().claim(claim.tokens, limit=10)) == [0, 1, 2, 3]

    async def test_destinations_may_be_left_out(self, store: OutboxHarness) -> None:
        await write(store, [envelope(1, destination="a"), envelope(2, destination="b"), envelope(3)])
        assert read(await claimed(store.outbox(), without=["a"])) == [2, 3]
        assert read(await claimed(store.outbox(), without=["a", "b", "none"])) == [3]
        assert read(await claimed(store.outbox(), limit=1, without=["a"])) == [2]

    async def test_the_first_owner_has_everything_and_a_second_nothing(self, store: OutboxHarness) -> None:
        assert await held(store.outbox(), "a") == set(range(PARTITIONS))
        assert await held(store.outbox(), "b") == set()

    async def test_owners_are_told_their_share(self, store: OutboxHarness) -> None:
        leases = store.outbox().leases
        assert (await leases.hold("a", LEASE)).share == PARTITIONS
        assert (await leases.hold("b", LEASE)).share == PARTITIONS // 2
        assert (await leases.hold("c", LEASE)).share == -(-PARTITIONS // 3)
        await leases.release("c")
        assert (await leases.hold("a", LEASE)).share == PARTITIONS // 2

    async def test_a_silent_owner_counts_no_more(self, store: OutboxHarness) -> None:
        leases = store.outbox().leases
        await leases.hold("a", SHORT)
        await asyncio.sleep(2 * SHORT.total_seconds())
        assert (await leases.hold("b", LEASE)).share == PARTITIONS

    async def test_what_is_given_back_goes_to_whoever_has_too_little(self, store: OutboxHarness) -> None:
        leases = store.outbox().leases
        await leases.hold("a", LEASE)
        await leases.hold("b", LEASE)
        await leases.release("a", range(40))
        one, other = await held(store.outbox(), "b"), await held(store.outbox(), "a")
        assert (len(one), len(other)) == (PARTITIONS // 2, PARTITIONS // 2)
        assert one | other == set(range(PARTITIONS))

    async def test_of_two_that_hold_at_once_none_has_what_the_other_has(self, store: OutboxHarness) -> None:
        for _ in range(5):
            one, other = await asyncio.gather(held(store.outbox(), "a"), held(store.outbox(), "b"))
            assert not one & other
            assert one | other == set(range(PARTITIONS))
            await store.outbox().leases.release("a")
            await store.outbox().leases.release("b")

    async def test_to_hold_again_renews_and_keeps_the_tokens(self, store: OutboxHarness) -> None:
        leases = store.outbox().leases
        first = await leases.hold("a", SHORT)
        assert (await leases.hold("a", LEASE)).tokens == first.tokens
        await asyncio.sleep(2 * SHORT.total_seconds())
        assert await held(store.outbox(), "b") == set()

    async def test_an_ended_lease_goes_to_the_next_owner_with_a_greater_token(
        self, store: OutboxHarness
    ) -> None:
        await write(store, [envelope(1)])
        first = await claimed(store.outbox(), "a", lease=SHORT)
        await asyncio.sleep(2 * SHORT.total_seconds())
        second = await claimed(store.outbox(), "b")
        assert all(second.tokens[one] > token for one, token in first.tokens.items())
        assert read(second) == [1]

    async def test_a_stale_claim_settles_nothing(self, store: OutboxHarness) -> None:
        await write(store, [envelope(1), envelope(2, key="two")])
        stale = await claimed(store.outbox(), "a", lease=SHORT)
        await asyncio.sleep(2 * SHORT.total_seconds())
        fresh = await claimed(store.outbox(), "b")
        one, two = sequences(stale)
        lost = await store.outbox().settle(stale, published=[one], failed={two: (LATER, "late")})
        assert lost == set(range(PARTITIONS))
        again = await claimed(store.outbox(), "b")
        assert read(again) == [1, 2]
        assert [entry.attempts for entry in again.entries] == [0, 0]
        assert not await store.outbox().settle(fresh, published=[one, two], failed={})
        assert (await store.outbox().backlog()).count == 0

    async def test_of_a_claim_that_is_stale_in_part_the_rest_is_settled(self, store: OutboxHarness) -> None:
        keys = ("one", "two")
        assert len({partition_of(key) for key in keys}) == 2
        await write(store, [envelope(number, key=key) for number, key in enumerate(keys)])
        claim = await claimed(store.outbox(), "a")
        await store.outbox().leases.hold("b", LEASE)
        await store.outbox().leases.release("a", [partition_of("two")])
        assert await held(store.outbox(), "b") == {partition_of("two")}
        lost = await store.outbox().settle(claim, published=sequences(claim), failed={})
        assert lost == {partition_of("two")}
        assert read(await claimed(store.outbox(), "b")) == [1]
        assert (await store.outbox().backlog()).count == 1

    async def test_a_claim_is_stale_also_when_its_owner_has_the_lease_again(
        self, store: OutboxHarness
    ) -> None:
        await write(store, [envelope(1)])
        leases = store.outbox().leases
        stale = await claimed(store.outbox(), "a")
        await leases.release("a")
        await leases.hold("b", LEASE)
        await leases.release("b")
        fresh = await leases.hold("a", LEASE)
        assert all(fresh.tokens[one] > token for one, token in stale.tokens.items())
        assert await store.outbox().settle(stale, published=sequences(stale), failed={})
        assert (await store.outbox().backlog()).count == 1

    async def test_a_late_claim_settles_while_nobody_else_has_the_lease(self, store: OutboxHarness) -> None:
        await write(store, [envelope(1)])
        claim = await claimed(store.outbox(), "a", lease=SHORT)
        await asyncio.sleep(2 * SHORT.total_seconds())
        assert not await store.outbox().settle(claim, published=sequences(claim), failed={})
        assert (await store.outbox().backlog()).count == 0

    async def test_what_is_released_is_free_at_once(self, store: OutboxHarness) -> None:
        await held(store.outbox(), "a")
        await store.outbox().leases.release("b")
        assert await held(store.outbox(), "b") == set(), "released by somebody else"
        await store.outbox().leases.release("a")
        assert await held(store.outbox(), "b") == set(range(PARTITIONS))
