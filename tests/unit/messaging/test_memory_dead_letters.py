"""InMemoryDeadLetters: records of one memory store are seen by all who look into it."""

from fastapi_chassis.application import MemoryStore
from fastapi_chassis.messaging import InMemoryDeadLetters
from fastapi_chassis.testing.contracts.dead_letters import dead


async def test_two_views_of_a_store_show_the_same() -> None:
    store, record = MemoryStore(), dead()
    await InMemoryDeadLetters(store).add(record)
    assert await InMemoryDeadLetters(store).get(record.id) == record
    assert await InMemoryDeadLetters(MemoryStore()).get(record.id) is None
