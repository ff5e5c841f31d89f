"""A bulkhead bounds what runs and what waits."""

import asyncio

import pytest

from fastapi_chassis.resilience import Bulkhead, BulkheadFullException


class Gate:
    """A call that waits until it may go on."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.running = self.most = 0

    async def __call__(self, text: str) -> str:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.open.wait()
        finally:
            self.running -= 1
        return text


async def test_as_many_run_at_once_and_the_others_wait() -> None:
    bulkhead, gate = Bulkhead("catalogue", running=2, waiting=10, wait=5), Gate()
    calls = [asyncio.create_task(bulkhead("x", gate)) for _ in range(7)]
    await asyncio.sleep(0.01)
    assert gate.running == 2
    gate.open.set()
    assert await asyncio.gather(*calls) == ["x"] * 7
    assert gate.most == 2


async def test_beyond_those_that_wait_calls_are_refused_at_once() -> None:
    bulkhead, gate = Bulkhead("catalogue", running=1, waiting=1, wait=5), Gate()
    calls = [asyncio.create_task(bulkhead("x", gate)) for _ in range(2)]
    await asyncio.sleep(0.01)
    with pytest.raises(BulkheadFullException, match="catalogue"):
        await bulkhead("x", gate)
    gate.open.set()
    await asyncio.gather(*calls)
    assert await bulkhead("x", gate) == "x"


async def test_nobody_waits_for_longer_than_allowed() -> None:
    bulkhead, gate = Bulkhead("catalogue", running=1, wait=0.01), Gate()
    call = asyncio.create_task(bulkhead("x", gate))
    await asyncio.sleep(0)
    with pytest.raises(BulkheadFullException):
        await bulkhead("x", gate)
    gate.open.set()
    assert await call == "x"


async def test_a_call_that_fails_or_is_cancelled_gives_its_place_back() -> None:
    async def fail(_: str) -> str:
        raise LookupError

    bulkhead, gate = Bulkhead("catalogue", running=1, wait=0.01), Gate()
    with pytest.raises(LookupError):
        await bulkhead("x", fail)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bulkhead("x", gate), 0.01)
    gate.open.set()
    assert await bulkhead("x", gate) == "x"
