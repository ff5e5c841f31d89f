"""DeadLetterPurge: old records go, in bounded steps."""

from datetime import timedelta

import pytest

from fastapi_chassis.application import MemoryStore
from fastapi_chassis.messaging import DeadLetterConfig, DeadLetterPurge, DeadLetterQuery, InMemoryDeadLetters
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.contracts.dead_letters import dead, kept

DAY = timedelta(days=1)


@pytest.mark.requirement("MSG-13")
async def test_a_round_is_bounded() -> None:
    store = InMemoryDeadLetters(MemoryStore())
    await kept(store, *(dead(number, age=2 * DAY) for number in range(7)), dead(7))
    config = DeadLetterConfig(retention=DAY.total_seconds(), purge_batch=2, purge_batches=2)
    purge = DeadLetterPurge(store, config)
    assert [await purge.purge() for _ in range(3)] == [4, 3, 0]
    assert len(await store.page(DeadLetterQuery())) == 1


async def test_it_runs_on_its_own_timer() -> None:
    store = InMemoryDeadLetters(MemoryStore())
    await kept(store, dead(age=2 * DAY))
    config = DeadLetterConfig(retention=DAY.total_seconds(), purge_interval=0.01)

    async def is_empty() -> bool:
        return not await store.page(DeadLetterQuery())

    async with DeadLetterPurge(store, config).running():
        await eventually(is_empty)
