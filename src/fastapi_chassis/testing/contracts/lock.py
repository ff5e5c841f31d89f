"""What every lock promises: one holder, a growing fence, an end, and release by the holder only."""

# ruff: noqa: D102 - a test says what it checks by its name

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from fastapi_chassis.caching import Lock, LockedException, hold
from fastapi_chassis.domain import new_id

type Pass = Callable[[timedelta], Awaitable[None]]

TTL = timedelta(seconds=1)
LONG = timedelta(minutes=5)


async def taken(lock: Lock, name: str, ttl: timedelta = LONG) -> int:
    """Takes a name that must be free."""
    token = await lock.acquire(name, ttl=ttl)
    assert token is not None
    return token


class LockContract:
    """Derive, and supply the fixtures `lock` and `time_passes`: a coroutine function of a timedelta."""

    @pytest.fixture
    def name(self) -> str:
        return f"contract:{new_id()}"

    async def test_a_second_worker_never_gets_it(self, lock: Lock, name: str) -> None:
        await taken(lock, name)
        assert await lock.acquire(name, ttl=LONG) is None

    async def test_other_names_are_free(self, lock: Lock, name: str) -> None:
        await taken(lock, name)
        await taken(lock, f"{name}:other")

    async def test_of_many_at_once_one_gets_it(self, lock: Lock, name: str) -> None:
        tokens = await asyncio.gather(*(lock.acquire(name, ttl=LONG) for _ in range(50)))
        assert len([token for token in tokens if token is not None]) == 1

    async def test_released_it_is_free(self, lock: Lock, name: str) -> None:
        token = await taken(lock, name)
        assert await lock.release(name, token)
        await taken(lock, name)

    async def test_only_its_holder_releases_it(self, lock: Lock, name: str) -> None:
        token = await taken(lock, name)
        assert not await lock.release(name, token + 1)
        assert not await lock.release(f"{name}:other", token)
        assert await lock.acquire(name, ttl=LONG) is None
        assert await lock.release(name, token)
        assert not await lock.release(name, token)

    async def test_it_ends_with_its_time(self, lock: Lock, name: str, time_passes: Pass) -> None:
        late = await taken(lock, name, TTL)
        await time_passes(TTL)
        assert not await lock.renew(name, late, ttl=LONG)
        holder = await taken(lock, name)
        assert not await lock.release(name, late)
        assert not await lock.renew(name, late, ttl=LONG)
        assert await lock.renew(name, holder, ttl=LONG)

    async def test_renewed_it_is_held_on(self, lock: Lock, name: str, time_passes: Pass) -> None:
        token = await taken(lock, name, TTL)
        assert await lock.renew(name, token, ttl=LONG)
        await time_passes(TTL)
        assert await lock.acquire(name, ttl=LONG) is None
        assert await lock.release(name, token)

    async def test_a_renewed_time_ends_too(self, lock: Lock, name: str, time_passes: Pass) -> None:
        token = await taken(lock, name)
        assert await lock.renew(name, token, ttl=TTL)
        await time_passes(TTL)
        await taken(lock, name)

    async def test_only_its_holder_renews_it(self, lock: Lock, name: str) -> None:
        token = await taken(lock, name)
        assert not await lock.renew(name, token + 1, ttl=LONG)
        await lock.release(name, token)
        assert not await lock.renew(name, token, ttl=LONG)

    async def test_fences_grow_with_every_holder(self, lock: Lock, name: str, time_passes: Pass) -> None:
        first = await taken(lock, name)
        await lock.release(name, first)
        second = await taken(lock, name, TTL)
        await time_passes(TTL)
        third = await taken(lock, name)
        assert first < second < third

    async def test_a_block_is_not_entered_without_it(self, lock: Lock, name: str) -> None:
        await taken(lock, name)
        with pytest.raises(LockedException):
            async with hold(lock, name):
                pytest.fail("the block was entered")

    async def test_a_block_holds_it_and_gives_it_back(self, lock: Lock, name: str) -> None:
        async with hold(lock, name, ttl=LONG) as held:
            assert await lock.acquire(name, ttl=LONG) is None
        assert await taken(lock, name) > held.token

    async def test_a_block_that_fails_gives_it_back(self, lock: Lock, name: str) -> None:
        with pytest.raises(LookupError):
            async with hold(lock, name, ttl=LONG):
                raise LookupError
        await taken(lock, name)

    async def test_workers_that_wait_enter_one_after_another(self, lock: Lock, name: str) -> None:
        inside, tokens = 0, list[int]()

        async def work() -> None:
            nonlocal inside
            async with hold(lock, name, ttl=LONG, wait=timedelta(seconds=30)) as held:
                inside += 1
                tokens.append(held.token)
                assert inside == 1
                await asyncio.sleep(0.001)
                inside -= 1

        await asyncio.gather(*(work() for _ in range(10)))
        assert tokens == sorted(set(tokens))
        assert len(tokens) == 10
