"""What every store of large payloads promises: to the byte, under a name of its own, for as long as asked."""

# ruff: noqa: D102 - a test says what it checks by its name

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from urllib.parse import quote, unquote

import pytest

from fastapi_chassis.messaging import ClaimCheckStore

type Pass = Callable[[timedelta], Awaitable[None]]

LONG = timedelta(days=14)
ODD_NAMES = ("", ".", "..", "../a", "/etc/passwd", "a/b", "a" * 5_000, "\x00", "*", "name\n", "\ud800")


async def purged(claim_checks: ClaimCheckStore) -> None:
    """Purges until nothing is left to purge."""
    while await claim_checks.purge(limit=1_000):
        pass


class ClaimCheckContract:
    """Derive, and supply the fixtures `claim_checks`, `short` and `time_passes`.

    `short` is a time to keep that `time_passes`, a coroutine function of a timedelta, can wait for.
    """

    @pytest.mark.parametrize("size", [0, 1, 4_096, 1_048_577, 9_000_000])
    async def test_a_payload_comes_back_to_the_byte(self, claim_checks: ClaimCheckStore, size: int) -> None:
        payload = os.urandom(size)
        assert await claim_checks.get(await claim_checks.put(payload, LONG)) == payload

    async def test_it_can_be_read_as_often_as_there_are_readers(self, claim_checks: ClaimCheckStore) -> None:
        name = await claim_checks.put(b"payload", LONG)
        assert [await claim_checks.get(name) for _ in range(3)] == [b"payload"] * 3

    async def test_the_same_payload_gets_another_name(self, claim_checks: ClaimCheckStore) -> None:
        names = [await claim_checks.put(b"payload", LONG) for _ in range(3)]
        assert len(set(names)) == 3

    async def test_a_name_can_stand_in_a_header(self, claim_checks: ClaimCheckStore) -> None:
        name = await claim_checks.put(b"payload", LONG)
        assert unquote(quote(name)) == name
        assert len(quote(name)) <= 500

    async def test_many_at_once_each_get_their_own(self, claim_checks: ClaimCheckStore) -> None:
        payloads = [os.urandom(10_000) for _ in range(20)]
        names = await asyncio.gather(*(claim_checks.put(payload, LONG) for payload in payloads))
        assert await asyncio.gather(*map(claim_checks.get, names)) == payloads

    async def test_what_is_not_there_is_none(self, claim_checks: ClaimCheckStore) -> None:
        name = await claim_checks.put(b"payload", LONG)
        other = ("0" if name[-1] != "0" else "1").join((name[:-1], ""))
        assert await claim_checks.get(other) is None
        assert await claim_checks.get(name) == b"payload"

    @pytest.mark.parametrize("name", ODD_NAMES)
    async def test_a_name_that_it_never_gave_is_none(self, claim_checks: ClaimCheckStore, name: str) -> None:
        assert await claim_checks.get(name) is None

    async def test_it_is_gone_after_its_time(
        self, claim_checks: ClaimCheckStore, short: timedelta, time_passes: Pass
    ) -> None:
        name, lasting = await claim_checks.put(b"short", short), await claim_checks.put(b"long", LONG)
        await time_passes(short)
        await purged(claim_checks)
        assert (await claim_checks.get(name), await claim_checks.get(lasting)) == (None, b"long")

    async def test_nothing_is_purged_before_its_time(
        self, claim_checks: ClaimCheckStore, short: timedelta, time_passes: Pass
    ) -> None:
        name = await claim_checks.put(b"payload", 60 * short)
        await time_passes(short / 10)
        await purged(claim_checks)
        assert await claim_checks.get(name) == b"payload"

    async def test_a_purge_keeps_to_its_bound(
        self, claim_checks: ClaimCheckStore, short: timedelta, time_passes: Pass
    ) -> None:
        for number in range(5):
            await claim_checks.put(str(number).encode(), short)
        await time_passes(short)
        counts = [await claim_checks.purge(limit=2) for _ in range(4)]
        assert counts in ([2, 2, 1, 0], [0, 0, 0, 0])
