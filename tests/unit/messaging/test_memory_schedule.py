import asyncio
from datetime import timedelta

from fastapi_chassis.application import MemorySession, MemoryStore
from fastapi_chassis.messaging import InMemorySchedule, schedule_for
from tests.unit.messaging.shop import created


async def test_a_session_finds_the_schedules_of_its_store() -> None:
    session = MemorySession(MemoryStore())
    assert isinstance(schedule_for(session), InMemorySchedule)


async def test_writers_wait_for_each_other() -> None:
    store = MemoryStore(lock_timeout=5)
    first, second = MemorySession(store), MemorySession(store)
    await schedule_for(first).put("a", created("first"), timedelta(0))
    waiting = asyncio.create_task(schedule_for(second).take(limit=1))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    await first.commit()
    assert len((await waiting).envelopes) == 1
