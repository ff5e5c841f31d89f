import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fastapi_chassis.application import Resolver, current_scope, open_scope


class Scopes:
    def __init__(self) -> None:
        self.opened = 0
        self.closed: list[BaseException | None] = []

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Resolver]:
        self.opened += 1
        try:
            yield Nothing()
        except BaseException as error:
            self.closed.append(error)
            raise
        self.closed.append(None)


class Nothing:
    async def get[T](self, wanted: type[T]) -> T:
        raise LookupError(wanted)


async def test_a_scope_is_current_while_it_is_open() -> None:
    scopes = Scopes()
    assert current_scope() is None
    async with open_scope(scopes) as resolver:
        assert current_scope() is resolver
        assert scopes.closed == []
    assert current_scope() is None
    assert (scopes.opened, scopes.closed) == (1, [None])


async def test_the_scope_at_hand_is_joined_and_left_open() -> None:
    scopes = Scopes()
    async with open_scope(scopes) as outer:
        async with open_scope(scopes) as inner:
            assert inner is outer
        assert scopes.closed == []
        assert current_scope() is outer
    assert scopes.opened == 1


async def test_a_fault_closes_the_scope_and_passes_on() -> None:
    scopes = Scopes()
    fault = LookupError()
    with pytest.raises(LookupError):
        async with open_scope(scopes):
            raise fault
    assert scopes.closed == [fault]
    assert current_scope() is None


@pytest.mark.requirement("DOM-5")
async def test_a_child_task_has_a_scope_of_its_own() -> None:
    scopes = Scopes()
    seen: list[Resolver] = []

    async def child() -> None:
        assert current_scope() is None
        async with open_scope(scopes) as resolver:
            seen.append(resolver)

    async with open_scope(scopes) as parent:
        async with asyncio.TaskGroup() as group:
            group.create_task(child())
            group.create_task(child())
        await asyncio.gather(child())
        assert current_scope() is parent
    assert len({id(one) for one in [parent, *seen]}) == scopes.opened == 4


async def test_a_time_limit_stays_in_the_scope() -> None:
    async def inner() -> Resolver | None:
        return current_scope()

    async with open_scope(Scopes()) as resolver:
        async with asyncio.timeout(5):
            assert current_scope() is resolver
        assert await asyncio.wait_for(inner(), 5) is resolver


async def test_a_worker_thread_has_no_scope() -> None:
    async with open_scope(Scopes()):
        assert await asyncio.to_thread(current_scope) is None
